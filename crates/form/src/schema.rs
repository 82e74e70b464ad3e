//! A form as a JSON Schema, for editors.

use crate::{Rule, Shape, Table};
use serde_json::{Map, Value, json};

/// JSON Schema (draft 2020-12) of files that have the shape of this table. A text in which something matches `placeholder` has
/// any form, for what takes its place is not known.
///
/// # Panics
/// If the shape is that of no table.
#[must_use]
pub fn schema(title: &str, of: &Shape, placeholder: Option<&'static str>) -> Value {
    let mut tables = Writer { defined: Map::new(), placeholder };
    let Shape::Table(top) = of else { panic!("a file is a table") };
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    });
    let object = table(top, &mut tables);
    if let (Value::Object(schema), Value::Object(object)) = (&mut schema, object) {
        schema.extend(object.into_iter().filter(|(key, _)| key != "title"));
        schema.insert("$defs".to_owned(), Value::Object(tables.defined));
    }
    schema
}

/// What is known while a schema is written.
struct Writer {
    /// Tables, by their names.
    defined: Map<String, Value>,
    placeholder: Option<&'static str>,
}

fn shape(shape: &Shape, tables: &mut Writer) -> Value {
    match shape {
        Shape::Text { pattern: Some(pattern), .. } => {
            let or = tables.placeholder.map(|placeholder| format!("|{placeholder}")).unwrap_or_default();
            json!({ "type": "string", "pattern": format!("{pattern}{or}") })
        }
        Shape::Text { pattern: None, .. } => json!({ "type": "string" }),
        Shape::Word(words) => keyword(words),
        Shape::Whole { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Shape::Whole { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::OneOf(numbers) => json!({ "enum": numbers }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::List { of, least } => {
            json!({ "type": "array", "items": self::shape(of, tables), "minItems": least })
        }
        Shape::AnyOf(shapes) => {
            json!({ "anyOf": shapes.iter().map(|one| self::shape(one, tables)).collect::<Vec<_>>() })
        }
        Shape::Named { key, of } => json!({
            "type": "object",
            "propertyNames": self::shape(key, tables),
            "additionalProperties": self::shape(of, tables),
        }),
        Shape::Around(name) => json!({ "$ref": format!("#/$defs/{}", name.replace(' ', "-")) }),
        Shape::Table(inner) => {
            let id = inner.name.replace(' ', "-");
            if !tables.defined.contains_key(&id) {
                tables.defined.insert(id.clone(), Value::Null);
                let object = table(inner, tables);
                tables.defined.insert(id.clone(), object);
            }
            json!({ "$ref": format!("#/$defs/{id}") })
        }
    }
}

fn keyword(words: &[(&str, &str)]) -> Value {
    if words.iter().all(|(_, doc)| doc.is_empty()) {
        return json!({ "enum": words.iter().map(|(word, _)| word).collect::<Vec<_>>() });
    }
    let each = words.iter().map(|(word, doc)| json!({ "const": word, "description": doc }));
    json!({ "oneOf": each.collect::<Vec<_>>() })
}

fn table(table: &Table, tables: &mut Writer) -> Value {
    let mut properties = Map::new();
    for key in &table.keys {
        let mut value = shape(&key.shape, tables);
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), json!(key.doc));
        }
        properties.insert(key.name.clone(), value);
    }
    let required: Vec<&str> = table.keys.iter().filter(|key| key.required).map(|key| key.name.as_str()).collect();
    let mut object = json!({
        "title": table.name,
        "description": table.doc,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if let (Rule::One | Rule::Some, Value::Object(object)) = (table.rule, &mut object) {
        object.insert("minProperties".to_owned(), json!(1));
    }
    if let (Rule::One, Value::Object(object)) = (table.rule, &mut object) {
        object.insert("maxProperties".to_owned(), json!(1));
    }
    object
}
