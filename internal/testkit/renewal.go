package testkit

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/pulumiapi/pulumiapi"
)

// refreshTokenSourceOf returns the source with which a client renews what `pulumi login`
// has left. No option makes one: only a file in the user's folder does, which the
// parallel tests of a process can't each have.
func refreshTokenSourceOf(client *pulumiapi.Client) (pulumiapi.TokenSource, error) {
	token := reflect.ValueOf(pulumiapi.NewSecret(CanaryToken))
	option, isOption := reflect.TypeAssert[pulumiapi.Option](reflect.MakeFunc(reflect.TypeFor[pulumiapi.Option](), func(config []reflect.Value) []reflect.Value {
		login := hidden(config[0].Elem().FieldByName("storedLogin"))
		login.Set(reflect.New(login.Type().Elem()))
		hidden(login.Elem().FieldByName("refreshToken")).Set(token)
		return []reflect.Value{reflect.Zero(reflect.TypeFor[error]())}
	}))
	if !isOption {
		return nil, errors.New("an option has changed its type")
	}
	loggedIn, err := pulumiapi.NewClient(option)
	if err != nil {
		return nil, fmt.Errorf("a client with a stored login: %w", err)
	}
	cache := hidden(reflect.ValueOf(loggedIn).Elem().FieldByName("tokens"))
	source := hidden(cache.Elem().FieldByName("source"))
	renewing := reflect.New(source.Elem().Type().Elem())
	hidden(renewing.Elem().FieldByName("client")).Set(reflect.ValueOf(client))
	hidden(renewing.Elem().FieldByName("refreshToken")).Set(token)
	result, isSource := reflect.TypeAssert[pulumiapi.TokenSource](renewing)
	if !isSource {
		return nil, fmt.Errorf("%s is no source of tokens", renewing.Type())
	}
	return result, nil
}
