package api

import (
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// inputs are the fields of e that mutations can write, but for the ID. Those
// with a default are optional. Sources: getFieldsWithoutIDType,
// getPatchFields, which differ only in what is optional.
func (d *deriver) inputs(e *entity) []*Field {
	var inputs []*Field
	for _, f := range e.Fields {
		if !d.writable(e, f) {
			continue
		}
		if l := languages(f); l == "." || multilingual(f) {
			continue
		}
		in := d.input(e, f)
		if sdl.Lookup(f.Directives, "default").Arg("add").Field("value") != nil {
			in.Type = nonNull(in.Type, false)
		}
		inputs = append(inputs, in)
	}
	if password := e.password(); password != nil {
		inputs = append(inputs, password)
	}
	return inputs
}

// writable reports whether mutations can write the field, whatever its
// languages.
func (d *deriver) writable(e *entity, f *Field) bool {
	if isID(f) || e.foreign(f) || computed(f) || backwards(f) {
		return false
	}
	// Interfaces cannot be created, only linked: that takes an ID.
	of := d.types[f.Type.Named()]
	return of == nil || of.Kind != sdl.Interface || d.linkable(of)
}

func (d *deriver) linkable(t *Type) bool {
	e := d.entities[t.Name]
	return e != nil && (e.id || e.xid)
}

// input is the field of an input for the field f. Source: createField.
func (d *deriver) input(e *entity, f *Field) *Field {
	switch d.kind(f.Type.Named()) {
	case sdl.Object, sdl.Interface, sdl.Union:
		t := &sdl.Type{Name: f.Type.Named() + "Ref", NonNull: f.Type.NonNull}
		if f.Type.Elem != nil {
			t = &sdl.Type{
				Elem:    &sdl.Type{Name: t.Name, NonNull: f.Type.Elem.NonNull},
				NonNull: f.Type.NonNull,
			}
		}
		return &Field{Name: f.Name, Type: t, Source: e.source(f)}
	}
	return e.bare(f)
}

// bare is f without arguments and directives.
func (e *entity) bare(f *Field) *Field {
	return &Field{Name: f.Name, Description: f.Description, Type: f.Type, Default: f.Default, Source: e.source(f)}
}

// password is the field that @secret adds to inputs, or nil. Sources:
// getPasswordField, convertPasswordDirective.
func (e *entity) password() *Field {
	var last *sdl.Directive
	for _, dir := range e.Directives {
		if dir.Name.Text == "secret" && dir.Arg("field") != nil {
			last = dir
		}
	}
	if last == nil {
		return nil
	}
	f := &Field{Name: last.Arg("field").Raw, Type: required("String"), Source: e.Source}
	if pred := last.Arg("pred"); pred != nil {
		f.Directives = []*sdl.Directive{{
			Name: sdl.Name{Text: "dgraph"},
			Arguments: []*sdl.Argument{{
				Name: sdl.Name{Text: "pred"}, Value: &sdl.Value{Kind: sdl.StringValue, Raw: pred.Raw},
			}},
		}}
	}
	return f
}

// idField is the ID of e as an input, or nil. Source: getIDField.
func (e *entity) idField() *Field { return e.first(isID) }

// xidField is the first field of e with @id as an input, or nil. Source:
// getXIDField.
func (e *entity) xidField() *Field { return e.first(func(f *Field) bool { return has(f, "id") }) }

func (e *entity) first(is func(*Field) bool) *Field {
	for _, f := range e.Fields {
		if is(f) && !e.foreign(f) {
			return e.bare(f)
		}
	}
	return nil
}

// allOptional is the fields with nullable types.
func allOptional(fields []*Field) []*Field {
	out := make([]*Field, len(fields))
	for i, f := range fields {
		out[i] = f
		if f.Type.NonNull {
			optional := *f
			optional.Type = nonNull(f.Type, false)
			out[i] = &optional
		}
	}
	return out
}

// addReference adds TRef, by which other types link to e or create it. Source:
// addReferenceType.
func (d *deriver) addReference(e *entity, inputs []*Field) {
	var fields []*Field
	if id := e.idField(); id != nil {
		fields = append(fields, id)
	}
	if e.Kind == sdl.Interface {
		if xid := e.xidField(); xid != nil {
			fields = append(fields, xid)
		}
		if !e.id && !e.xid {
			return
		}
	} else {
		fields = append(fields, inputs...)
	}
	if len(fields) == 0 {
		return
	}
	fields = allOptional(fields)
	if len(fields) == 1 && (e.id || e.xid) {
		only := *fields[0]
		only.Type = nonNull(only.Type, true)
		fields[0] = &only
	}
	d.generate(sdl.InputObject, e.Name+"Ref", e.Source).Fields = fields
}

// addPatch adds TPatch, UpdateTInput and UpdateTPayload, unless nothing of e
// can be updated. Sources: addPatchType, addUpdateType, addUpdatePayloadType.
func (d *deriver) addPatch(e *entity, inputs []*Field) {
	if !d.filterable(e.Name) {
		return
	}
	if len(inputs) > 0 {
		d.generate(sdl.InputObject, e.Name+"Patch", e.Source).Fields = allOptional(inputs)
	}
	if !d.patched(e) {
		return
	}
	patch := named(e.Name + "Patch")
	d.generate(sdl.InputObject, "Update"+e.Name+"Input", e.Source).Fields = []*Field{
		{Name: "filter", Type: required(e.Name + "Filter"), Source: e.Source},
		{Name: "set", Type: patch, Source: e.Source},
		{Name: "remove", Type: patch, Source: e.Source},
	}
	d.addPayload(e, "Update", false)
}

// patched reports whether e can be updated.
func (d *deriver) patched(e *entity) bool { return d.types[e.Name+"Patch"] != nil }

// addPayload adds what a mutation answers.
func (d *deriver) addPayload(e *entity, operation string, message bool) {
	list := &Field{Name: lowerFirst(e.Name), Type: listOf(named(e.Name)), Source: e.Source}
	d.addListArguments(list, e.Name, e.provided, e.Source)
	payload := d.generate(sdl.Object, operation+e.Name+"Payload", e.Source)
	payload.Fields = append(payload.Fields, list)
	if message {
		payload.Fields = append(payload.Fields, &Field{Name: "msg", Type: named("String"), Source: e.Source})
	}
	payload.Fields = append(payload.Fields, &Field{Name: "numUids", Type: named("Int"), Source: e.Source})
}

// Source: addDeletePayloadType.
func (d *deriver) addDeletePayload(e *entity) {
	if d.filterable(e.Name) {
		d.addPayload(e, "Delete", true)
	}
}

// addAddInput adds AddTInput and AddTPayload. The ID of an extension comes
// from another service, so it is among the input. Sources: addInputType,
// addAddPayloadType.
func (d *deriver) addAddInput(e *entity, inputs []*Field) {
	if e.directive("extends") != nil {
		if id := e.idField(); id != nil {
			inputs = append([]*Field{id}, inputs...)
		}
	}
	name := "Add" + e.Name + "Input"
	if len(inputs) > 0 {
		d.generate(sdl.InputObject, name, e.Source).Fields = inputs
	}
	if d.types[name] != nil {
		d.addPayload(e, "Add", false)
	}
}

// addMutations adds addT, updateT and deleteT. Sources: addAddMutation,
// addUpdateMutation, addDeleteMutation.
func (d *deriver) addMutations(e *entity, on generation) {
	add := func(name string, payload string, arguments ...*Argument) {
		for _, a := range arguments {
			if a.Source.Type == nil {
				a.Source = e.Source
			}
		}
		d.mutation.Fields = append(d.mutation.Fields,
			&Field{Name: name, Arguments: arguments, Type: named(payload), Source: e.Source})
	}
	if input := "Add" + e.Name + "Input"; on.add && e.Kind == sdl.Object && d.types[input] != nil {
		arguments := []*Argument{{Name: "input", Type: nonNull(listOf(required(input)), true)}}
		if e.xid {
			arguments = append(arguments, &Argument{
				Name: "upsert", Type: named("Boolean"), Source: e.source(e.xidField()),
			})
		}
		add("add"+e.Name, "Add"+e.Name+"Payload", arguments...)
	}
	if !d.filterable(e.Name) {
		return
	}
	if on.update && d.patched(e) {
		add("update"+e.Name, "Update"+e.Name+"Payload",
			&Argument{Name: "input", Type: required("Update" + e.Name + "Input")})
	}
	if on.delete {
		add("delete"+e.Name, "Delete"+e.Name+"Payload",
			&Argument{Name: "filter", Type: required(e.Name + "Filter")})
	}
}
