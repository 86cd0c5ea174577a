package dgraphproc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// LeaseUIDs lets nodes with uids up to one be written: Dgraph refuses uids that its zero has not given out
// (query/mutation.go, verifyUid).
func (c *Cluster) LeaseUIDs(ctx context.Context, upTo uint64) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	url := "http://" + loopback(c.block.zeroHTTP()) + "/assign?what=uids&num=" + strconv.FormatUint(upTo, 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{} // not through a proxy
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("leasing uids: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("leasing uids: %w", err)
	}
	var answer struct {
		EndID  json.Number `json:"endId"`
		Errors []struct{ Message string }
	}
	switch err := json.Unmarshal(text, &answer); {
	case err != nil:
		return fmt.Errorf("leasing uids: reading the answer of the zero: %w", err)
	case len(answer.Errors) > 0:
		return errors.New("leasing uids: " + answer.Errors[0].Message)
	}
	if end, err := strconv.ParseUint(string(answer.EndID), 10, 64); err != nil || end < upTo {
		return fmt.Errorf("leasing uids up to %d: the zero gave %q", upTo, answer.EndID)
	}
	return nil
}
