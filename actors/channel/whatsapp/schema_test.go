package whatsapp

import (
	"testing"

	"messagehub/actors/channel/channeltest"
)

type schema = channeltest.Schema

// specification reads Meta's document, corrected where it refuses what the
// API documents.
func specification(t *testing.T) *channeltest.OpenAPI {
	t.Helper()
	d := channeltest.ReadOpenAPI(t, "whatsapp/business-messaging-api_v23.0.yaml")
	schemas, text := d.Components.Schemas, &schema{Type: "string"}
	base := schemas["BaseMessageProperties"]
	base.Required = []string{"messaging_product", "recipient_type", "type"} // to or recipient
	base.Properties["recipient"], base.Properties["biz_opaque_callback_data"] = text, text
	schemas["LanguageObject"].Required = []string{"code"}
	schemas["TextParameter"].AllOf[1].Properties["parameter_name"] = text
	schemas["MediaObject"].Properties = map[string]*schema{"caption": text, "filename": text}
	schemas["StatusMessageValue"].Properties["contacts"] = &schema{Type: "array"}
	statuses := schemas["Statuses"]
	statuses.Required = []string{"id", "status", "timestamp"} // a hidden number has no recipient_id
	for _, name := range []string{"biz_opaque_callback_data", "recipient_user_id", "recipient_parent_user_id"} {
		statuses.Properties[name] = text
	}
	schemas["Pricing"].Properties["type"] = text
	buttons(schemas["TemplateComponent"])
	buttons(schemas["ButtonComponent"].AllOf[1])
	parameter := schemas["ButtonParameterObject"]
	parameter.Properties["type"] = text
	parameter.Discriminator.Mapping["coupon_code"] = "#/components/schemas/ButtonCouponParameter"
	schemas["ButtonCouponParameter"] = &schema{
		AllOf: []*schema{{Ref: "#/components/schemas/ButtonParameterObject"}, {Required: []string{"coupon_code"}, Properties: map[string]*schema{"coupon_code": text}}},
	}
	return d
}

func buttons(s *schema) {
	s.Properties["index"] = &schema{Type: "string", Pattern: "^[0-9]$"}
	s.Properties["sub_type"] = &schema{Type: "string", Enum: []any{"quick_reply", "url", "catalog", "copy_code"}}
}
