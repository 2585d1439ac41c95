package viber

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

func TestMediumOf(t *testing.T) {
	rows := map[string]struct {
		step message.Step
		want medium
	}{
		"told in full": {
			media(phone, "", "https://a.example/v.mp4?x=1#size=5&duration=7&thumbnail=https%3A%2F%2Fa.example%2Ft.jpg%3Fy%3D1", "c"),
			medium{video, "https://a.example/v.mp4?x=1", ".mp4", "v.mp4", "c", 5, 7, "https://a.example/t.jpg?y=1"},
		},
		"told in part":      {media(phone, "", "https://a.example/v.mp4#size=5", ""), medium{kind: video, url: "https://a.example/v.mp4", extension: ".mp4", name: "v.mp4", size: 5}},
		"another fragment":  {media(phone, "", "https://a.example/a.pdf#page=2", ""), medium{kind: document, url: "https://a.example/a.pdf#page=2", extension: ".pdf", name: "a.pdf"}},
		"a mixed fragment":  {media(phone, "", "https://a.example/a.pdf#page=2&size=5", ""), medium{kind: document, url: "https://a.example/a.pdf#page=2&size=5", extension: ".pdf", name: "a.pdf"}},
		"told twice":        {media(phone, "", "https://a.example/a.pdf#size=2&size=5", ""), medium{kind: document, url: "https://a.example/a.pdf#size=2&size=5", extension: ".pdf", name: "a.pdf"}},
		"nonsense":          {media(phone, "", "https://a.example/v.mp4#size=-1&duration=x&thumbnail=javascript:1", ""), medium{kind: video, url: "https://a.example/v.mp4", extension: ".mp4", name: "v.mp4"}},
		"empty fragment":    {media(phone, "", "https://a.example/v.mp4#", ""), medium{kind: video, url: "https://a.example/v.mp4#", extension: ".mp4", name: "v.mp4"}},
		"no file":           {media(phone, "", "https://a.example", ""), medium{kind: document, url: "https://a.example"}},
		"a directory":       {media(phone, "", "https://a.example/dir/", ""), medium{kind: document, url: "https://a.example/dir/"}},
		"a host alone":      {media(phone, "", "https://a.jpg?x=/b.png", ""), medium{kind: document, url: "https://a.jpg?x=/b.png"}},
		"upper case":        {media(phone, "", "https://a.example/A.JPG", ""), medium{kind: image, url: "https://a.example/A.JPG", extension: ".jpg", name: "A.JPG"}},
		"kind is said":      {media(phone, audio, "https://a.example/a.jpg", ""), medium{kind: audio, url: "https://a.example/a.jpg", extension: ".jpg", name: "a.jpg"}},
		"name is said":      {withName(media(phone, "", "https://a.example/a.pdf", ""), "b.pdf"), medium{kind: document, url: "https://a.example/a.pdf", extension: ".pdf", name: "b.pdf"}},
		"sound":             {media(phone, "", "https://a.example/a.ogg", ""), medium{kind: audio, url: "https://a.example/a.ogg", extension: ".ogg", name: "a.ogg"}},
		"name is escaped":   {media(phone, "", "https://a.example/a%2Fb.pdf", ""), medium{kind: document, url: "https://a.example/a%2Fb.pdf", extension: ".pdf", name: "a/b.pdf"}},
		"badly escaped":     {media(phone, "", "https://a.example/a%zz.pdf", ""), medium{kind: document, url: "https://a.example/a%zz.pdf", extension: ".pdf", name: "a%zz.pdf"}},
		"unescaped preview": {media(phone, "", "https://a.example/v.mp4#thumbnail=https://a.example/t.jpg", ""), medium{kind: video, url: "https://a.example/v.mp4", extension: ".mp4", name: "v.mp4", thumbnail: "https://a.example/t.jpg"}},
	}
	for name, row := range rows {
		if diff := cmp.Diff(row.want, mediumOf(&row.step), cmp.AllowUnexported(medium{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzMedium: what is sent of any URL is within the providers' limits.
func FuzzMedium(f *testing.F) {
	seeds := []string{
		"https://a.example/v.mp4#size=5&duration=7&thumbnail=https%3A%2F%2Fa.example%2Ft.jpg", "https://a.example/a.jpg?x=1#page=2",
		"https://a.example/a.pdf#size=10", "https://a.example", "a.png", "", "#", "://#size=1", "https://a/%zz.xlsx#thumbnail=%00",
	}
	mutate.Strings(f, seeds, func(t testing.TB, link string) {
		step := media(userID, "", link, "")
		m := mediumOf(&step)
		if m.size < 0 || m.duration < 0 || !strings.HasPrefix(link, m.url) {
			t.Errorf("%+v of %q", m, link)
		}
		if u, err := url.Parse(m.thumbnail); err != nil || m.thumbnail != "" && u.Host == "" {
			t.Errorf("thumbnail %q of %q", m.thumbnail, link)
		}
		if c, err := m.infobip(); err == nil && (len(c.MediaURL) > maxInfobipURL || c.Type == "VIDEO" && (c.Thumbnail == "" || c.Duration == "")) {
			t.Errorf("%+v of %q", c, link)
		}
		var b botMessage
		if err := b.medium(&m); err == nil && (b.Type == "" || (b.Type == "video" || b.Type == "file") != (b.Size > 0) || b.Type == "file" && b.FileName == "") {
			t.Errorf("%+v of %q", b, link)
		}
	})
}
