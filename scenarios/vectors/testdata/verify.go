// A unit test with the vectors of sentsim: go run verify.go vectors.json
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

type vector struct {
	ID, Secret, Expect, Rule, Why string
	Headers                       map[string]string
	Body                          *string
	BodyBase64                    []byte `json:"body_base64"`
	Now                           int64
}

// verify tells whether Sent signed this body within 300 s of now.
func verify(headers map[string]string, body []byte, secret string, now int64) bool {
	get := func(name string) string {
		for n, v := range headers {
			if strings.EqualFold(n, name) {
				return v
			}
		}
		return ""
	}
	id, stamp := get("X-Webhook-ID"), get("X-Webhook-Timestamp")
	at, err := strconv.ParseUint(stamp, 10, 62)
	if id == "" || err != nil || now-int64(at) > 300 || int64(at)-now > 300 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, given := range strings.Split(get("X-Webhook-Signature"), " ") {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var document struct{ Vectors []vector }
	if err := json.Unmarshal(data, &document); err != nil {
		panic(err)
	}
	wrong := 0
	for _, v := range document.Vectors {
		body := v.BodyBase64
		if v.Body != nil {
			body = []byte(*v.Body)
		}
		if verify(v.Headers, body, v.Secret, v.Now) != (v.Expect == "accept") {
			wrong++
			fmt.Printf("%s (%s): not %sed. %s\n", v.ID, v.Rule, v.Expect, v.Why)
		}
	}
	fmt.Printf("%d of %d right\n", len(document.Vectors)-wrong, len(document.Vectors))
	if wrong > 0 || len(document.Vectors) == 0 {
		os.Exit(1)
	}
}
