package main

import (
	"strings"
	"text/template"
)

const bannerText = `
  {{bold "MessageHub"}}  {{dim "demo: simulated providers, nothing leaves this process"}}

  API    {{cyan .API}}/api/v1
  Docs   {{cyan .API}}/docs
{{- if .Ops}}
  Ops    {{cyan .Ops}}/metrics
{{- end}}
  Key    {{green .TestKey}}
  Data   {{.DataDir}}

  {{bold "Send a message"}}

{{send}}

  {{bold "See what became of it"}}

{{look}}

  {{dim "Recipients such as sim:not_on_channel, sim:no_receipt or sim:read play other endings."}}
  {{dim "Ctrl-C stops it; data and key stay."}}

`

// sendCurl and lookCurl are pasted as they are.
func sendCurl(api, key string) string {
	return `curl -X POST ` + api + `/api/v1/messages/send \
  -H "Authorization: Bearer ` + key + `" \
  -H "Content-Type: application/json" \
  -d '{"to": "+14155550100", "channel": "whatsapp", "content": "Your order has shipped"}'`
}

func lookCurl(api, key string) string {
	return `curl ` + api + `/api/v1/messages/MESSAGE_ID \
  -H "Authorization: Bearer ` + key + `"`
}

// printBanner greets a person.
func printBanner(s streams, r readyLine) error {
	st := styleOf(s.out)
	t, err := template.New("banner").Funcs(template.FuncMap{
		"bold": st.bold, "dim": st.dim, "cyan": st.cyan, "green": st.green,
		"send": func() string { return indent(sendCurl(r.API, r.TestKey)) },
		"look": func() string { return indent(lookCurl(r.API, r.TestKey)) },
	}).Parse(bannerText)
	if err != nil {
		return err
	}
	return t.Execute(s.out, r)
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
