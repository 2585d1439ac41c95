// Package openapi writes the OpenAPI 3.1 description of the API.
//
// What it says of each operation (its words, its parameters and bodies) stands
// in spec, one file for each subject, in OpenAPI's own form with five
// shorthands. All that the code has a table of is added from there, so that it
// can't drift: who may call a route, which errors it can answer with, the
// headers of every answer, the ids in its path, and the names of statuses,
// events and codes.
//
// The shorthands:
//
//	errors: [code, …]      of an operation: those that its route does not tell
//	data: Schema           of a response: a body {"data": Schema}
//	page: Schema           of a response: {"data": [Schema, …], "page": {…}}
//	required: all          of a schema: every one of its properties
//	headers: [Name, …]     of a response: beside those of every answer
package openapi
