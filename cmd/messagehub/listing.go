package main

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

// listing is a command that lists what the API has of a kind, a page at a time.
// T is one of them as the API shows it.
type listing[T any] struct {
	short, path string
	filters     []filter
	header      string // of the table
	row         func(*T) []string
	none        string // what is printed where there is nothing
}

// filter is a flag that becomes a parameter of the query.
type filter struct {
	flag, usage string
	param       string // empty: as the flag
}

func (l listing[T]) command(s streams) *cobra.Command {
	var out output
	given := map[string]*string{}
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: l.short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := newAPI()
			if err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for param, value := range given {
				if *value != "" {
					query.Set(param, *value)
				}
			}
			var answer struct {
				Data []json.RawMessage `json:"data"`
				Page struct {
					Next *string `json:"next"`
				} `json:"page"`
			}
			if err := a.call(cmd.Context(), "GET", l.path+"?"+query.Encode(), nil, nil, &answer); err != nil {
				return err
			}
			return out.show(s, answer.Data, func() error { return l.print(s, answer.Data, answer.Page.Next) })
		},
	}
	for _, f := range append(l.filters, filter{flag: "after", usage: "go on behind this cursor"}) {
		param := f.param
		if param == "" {
			param = f.flag
		}
		given[param] = cmd.Flags().String(f.flag, "", f.usage)
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many, at most 200")
	out.flag(cmd)
	return cmd
}

func (l listing[T]) print(s streams, all []json.RawMessage, next *string) error {
	rows := make([][]string, len(all))
	for i, raw := range all {
		var one T
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		rows[i] = l.row(&one)
	}
	if err := printTable(s, l.header, rows, l.none); err != nil {
		return err
	}
	if next != nil {
		fmt.Fprintln(s.err, "more with --after "+*next)
	}
	return nil
}

// single is a command that shows one thing of the API, or changes it and shows
// what it is then. T is the thing as the API shows it.
type single[T any] struct {
	use, short, long string
	method           string
	path             func(id string) string
	print            func(streams, *T) error
}

// one is an answer that holds one thing.
type one struct {
	Data json.RawMessage `json:"data"`
}

func (c single[T]) command(s streams) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: c.use, Short: c.short, Long: c.long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := newAPI()
			if err != nil {
				return err
			}
			var answer one
			if err := a.call(cmd.Context(), c.method, c.path(args[0]), nil, nil, &answer); err != nil {
				return err
			}
			return out.show(s, answer.Data, func() error {
				var it T
				if err := json.Unmarshal(answer.Data, &it); err != nil {
					return err
				}
				return c.print(s, &it)
			})
		},
	}
	out.flag(cmd)
	return cmd
}
