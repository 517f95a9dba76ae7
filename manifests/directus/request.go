package directus

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// maxAnswer bounds one page of items.
const maxAnswer = 64 << 20

// reply is the body of an answer of Directus.
type reply struct {
	Data   []mapping.Record `json:"data"`
	Errors []struct {
		Message    string `json:"message"`
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	} `json:"errors"`
}

// get asks for a list. Failures that pass are tried again with growing pauses.
func (s *Source) get(ctx context.Context, target string) ([]mapping.Record, error) {
	const op = "directus.Items"
	pause := s.cfg.Pause
	for try := 1; ; try++ {
		rows, wait, err := s.once(ctx, target)
		kind := fault.KindOf(err)
		if err == nil || kind != fault.Unavailable || try == s.cfg.Tries {
			return rows, err
		}
		select {
		case <-ctx.Done():
			return nil, fault.E(op, fault.Canceled, ctx.Err())
		case <-time.After(max(pause, min(wait, time.Minute))):
			pause *= 2
		}
	}
}

// once sends one request; wait is what Directus asks to wait before the next.
func (s *Source) once(ctx context.Context, target string) (rows []mapping.Record, wait time.Duration, err error) {
	const op = "directus.Items"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.String()+target, nil)
	if err != nil {
		return nil, 0, fault.E(op, fault.Invalid, err)
	}
	if s.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.cfg.Token)
	}
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, 0, fault.E(op, fault.Canceled, ctx.Err())
		}
		return nil, 0, fault.E(op, fault.Unavailable, err).WithPublic("Directus cannot be reached")
	}
	defer res.Body.Close()
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		wait = time.Duration(s) * time.Second
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, wait, fault.E(op, fault.Unavailable, err).WithPublic("Directus broke off its answer")
	}
	if len(body) > maxAnswer {
		return nil, 0, fault.New(op, fault.Unsupported, "an answer of Directus is larger than 64 MiB; ask for fewer items at once")
	}
	return parse(res.StatusCode, body, wait)
}

// parse reads an answer. The words are for whoever set up the token.
func parse(status int, body []byte, wait time.Duration) ([]mapping.Record, time.Duration, error) {
	const op = "directus.Items"
	var r reply
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber() // a primary key may be larger than a float holds
	err := dec.Decode(&r)
	if status == http.StatusOK {
		if err != nil || r.Data == nil {
			return nil, 0, fault.E(op, fault.Unavailable, errors.Join(err, errors.New("no data"))).WithPublic("Directus sends something that is not a list of items")
		}
		return r.Data, 0, nil
	}
	message := ""
	if len(r.Errors) > 0 {
		message = ": " + r.Errors[0].Message
	}
	cause := errors.New("status " + strconv.Itoa(status) + message)
	switch {
	case status == http.StatusUnauthorized:
		return nil, 0, fault.E(op, fault.Unauthorized, cause).WithPublic("Directus does not know the token")
	case status == http.StatusForbidden:
		return nil, 0, fault.E(op, fault.Forbidden, cause).WithPublic("Directus refuses: the token may not read the collection, or a field does not exist" + message)
	case status == http.StatusTooManyRequests || status >= 500:
		return nil, wait, fault.E(op, fault.Unavailable, cause).WithPublic("Directus answers " + strconv.Itoa(status) + message)
	}
	return nil, 0, fault.E(op, fault.Invalid, cause).WithPublic("Directus answers " + strconv.Itoa(status) + message)
}

// quote writes a primary key, a number or a UUID, for a filter.
func quote(id any) string {
	if n, ok := id.(json.Number); ok {
		return n.String()
	}
	s, err := json.Marshal(id)
	if err != nil {
		return "null"
	}
	return string(s)
}
