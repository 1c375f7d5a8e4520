// Renders the chart as Helm does: text/template, sprig, and the functions that Helm adds.
// Reads {"templates": {name: text}, "context": {...}, "objects": {"Secret/ns/name": {...}}} and
// writes {name: text}. A value that the chart names and nobody sets is an error.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type input struct {
	Templates map[string]string
	Context   map[string]interface{}
	Objects   map[string]map[string]interface{}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	root := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, errors.New(message)
		}
		return value, nil
	}
	functions["lookup"] = func(version, kind, namespace, name string) map[string]interface{} {
		return in.Objects[kind+"/"+namespace+"/"+name]
	}
	root.Funcs(functions)
	for name, text := range in.Templates {
		if _, err := root.New(name).Parse(text); err != nil {
			return err
		}
	}
	out := map[string]string{}
	for name := range in.Templates {
		var text strings.Builder
		if err := root.ExecuteTemplate(&text, name, in.Context); err != nil {
			return err
		}
		out[name] = text.String()
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}
