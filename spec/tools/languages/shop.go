// A shop in plain Go, with nothing but its standard library. It pays in the simulator, through its control API, and prints
// what came of it.
package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

type object = map[string]interface{}

var config struct {
	Mchid, Serial, PrivateKey, ApiV3Key string
	Certs                               map[string]string
	BaseUri                             string `json:"base_uri"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func tell(name string, body object) {
	content, err := json.Marshal(body)
	must(err)
	response, err := http.Post(os.Args[1]+"/_sim/"+name, "application/json", bytes.NewReader(content))
	must(err)
	defer response.Body.Close()
	if response.StatusCode != 200 {
		message, _ := io.ReadAll(response.Body)
		panic(string(message))
	}
}

func decode(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

// Returns the body, once its signature is verified. The files of bills are not signed.
func call(method, target, body string, isSigned bool) []byte {
	key, err := x509.ParsePKCS8PrivateKey(decode(config.PrivateKey))
	must(err)
	timestamp, nonce := fmt.Sprint(time.Now().Unix()), make([]byte, 16)
	_, err = rand.Read(nonce)
	must(err)
	message := fmt.Sprintf("%s\n%s\n%s\n%x\n%s\n", method, target, timestamp, nonce, body)
	digest := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, digest[:])
	must(err)
	request, err := http.NewRequest(method, strings.TrimSuffix(config.BaseUri, "/")+target, strings.NewReader(body))
	must(err)
	request.Header.Set("Authorization", fmt.Sprintf(
		`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="%x",signature="%s",timestamp="%s",serial_no="%s"`,
		config.Mchid, nonce, base64.StdEncoding.EncodeToString(signature), timestamp, config.Serial))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(err)
	if response.StatusCode >= 300 {
		panic(string(content))
	}
	if isSigned {
		verify(response.Header, content)
	}
	return content
}

func publicKey(text string) *rsa.PublicKey {
	der := decode(text)
	if strings.Contains(text, "CERTIFICATE") {
		certificate, err := x509.ParseCertificate(der)
		must(err)
		return certificate.PublicKey.(*rsa.PublicKey)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	must(err)
	return key.(*rsa.PublicKey)
}

func verify(header http.Header, body []byte) {
	message := header.Get("Wechatpay-Timestamp") + "\n" + header.Get("Wechatpay-Nonce") + "\n" + string(body) + "\n"
	digest := sha256.Sum256([]byte(message))
	signature, err := base64.StdEncoding.DecodeString(header.Get("Wechatpay-Signature"))
	must(err)
	key := publicKey(config.Certs[header.Get("Wechatpay-Serial")])
	must(rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature))
}

// Verifies a notification, and returns its decrypted content.
func open(header http.Header, body []byte) object {
	verify(header, body)
	var event struct {
		Resource struct {
			Ciphertext, Nonce string
			AssociatedData    string `json:"associated_data"`
		}
	}
	must(json.Unmarshal(body, &event))
	block, err := aes.NewCipher([]byte(config.ApiV3Key))
	must(err)
	gcm, err := cipher.NewGCM(block)
	must(err)
	ciphertext, err := base64.StdEncoding.DecodeString(event.Resource.Ciphertext)
	must(err)
	plaintext, err := gcm.Open(nil, []byte(event.Resource.Nonce), ciphertext, []byte(event.Resource.AssociatedData))
	must(err)
	return parse(plaintext)
}

func parse(content []byte) object {
	var value object
	must(json.Unmarshal(content, &value))
	return value
}

func main() {
	response, err := http.Get(os.Args[1] + "/_sim/config")
	must(err)
	must(json.NewDecoder(response.Body).Decode(&config))
	events := make(chan object)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		must(err)
		event := open(request.Header, body)
		writer.WriteHeader(204)
		events <- event
	}))
	notify := "http://" + listener.Addr().String() + "/"

	order := fmt.Sprintf(`{"appid":"wxd678efh567hg6787","mchid":"%s","description":"公仔","out_trade_no":"GO-00001",
		"notify_url":"%s","amount":{"total":100}}`, config.Mchid, notify)
	call("POST", "/v3/pay/transactions/native", order, true)
	tell("pay", object{"out_trade_no": "GO-00001"})
	paid := <-events
	refund := fmt.Sprintf(`{"transaction_id":"%s","out_refund_no":"GO-R1","notify_url":"%s",
		"amount":{"refund":30,"total":100,"currency":"CNY"}}`, paid["transaction_id"], notify)
	call("POST", "/v3/refund/domestic/refunds", refund, true)
	tell("settle", object{"out_refund_no": "GO-R1"})
	refunded := <-events
	tell("advance", object{"days": 1, "hours": 12})
	date := paid["success_time"].(string)[:10]
	bill := parse(call("GET", "/v3/bill/tradebill?bill_date="+date, "", true))
	target := strings.TrimPrefix(bill["download_url"].(string), strings.TrimSuffix(config.BaseUri, "/"))
	csv := call("GET", target, "", false)
	digest := sha1.Sum(csv)
	found := parse(call("GET", "/v3/pay/transactions/out-trade-no/GO-00001?mchid="+config.Mchid, "", true))
	must(json.NewEncoder(os.Stdout).Encode(object{
		"status":   200,
		"notified": []interface{}{paid["out_trade_no"], refunded["refund_status"]},
		"state":    found["trade_state"],
		"sha1":     hex.EncodeToString(digest[:]) == bill["hash_value"],
		"rows":     strings.Count(string(csv), "GO-00001"),
	}))
}
