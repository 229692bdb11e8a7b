//! Typed structures and their way to and from the wire: `record!` declares both at once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use millstream_types::Millis;

use crate::shape::Structure;
use crate::{Blob, Sink, Value};

/// A value does not have the type that its shape promised: a fault of the decoder, never of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit(pub &'static str);

/// A type that a member can have.
pub trait Wire<'v>: Sized {
    /// Takes a value that fits the member's shape; `None` if the member is not there.
    fn from_value(value: Option<Value<'v>>) -> Result<Self, Misfit>;
    /// Whether the member is left out.
    fn is_absent(&self) -> bool {
        false
    }
    /// Writes the value.
    fn write(&self, sink: &mut dyn Sink);
}

/// A structure of the model.
pub trait Record<'v>: Wire<'v> {
    /// Its shape.
    const STRUCTURE: &'static Structure;
}

macro_rules! scalar {
    ($type:ty, $variant:ident($bind:ident) => $from:expr, |$self:ident, $sink:ident| $write:expr) => {
        impl<'v> Wire<'v> for $type {
            fn from_value(value: Option<Value<'v>>) -> Result<Self, Misfit> {
                match value {
                    Some(Value::$variant($bind)) => $from,
                    _ => Err(Misfit(stringify!($variant))),
                }
            }
            fn write(&$self, $sink: &mut dyn Sink) {
                $write
            }
        }
    };
}

scalar!(String, Text(text) => Ok(text.into_owned()), |self, sink| sink.text(self));
scalar!(Cow<'v, str>, Text(text) => Ok(text), |self, sink| sink.text(self));
scalar!(i32, Integer(n) => i32::try_from(n).map_err(|_| Misfit("integer")), |self, sink| sink.integer((*self).into()));
scalar!(i64, Integer(n) => Ok(n), |self, sink| sink.integer(*self));
scalar!(f64, Double(n) => Ok(n), |self, sink| sink.double(*self));
scalar!(bool, Boolean(b) => Ok(b), |self, sink| sink.boolean(*self));
scalar!(Millis, Timestamp(at) => Ok(at), |self, sink| sink.timestamp(*self));
scalar!(Blob<'v>, Blob(blob) => Ok(blob), |self, sink| match self {
    Blob::Raw(bytes) => sink.blob(bytes),
    // Checked when it was decoded; made from outside bytes only by a decoder.
    Blob::Base64(_) => sink.blob(&self.to_vec().unwrap_or_default()),
});

impl<'v, T: Wire<'v>> Wire<'v> for Option<T> {
    fn from_value(value: Option<Value<'v>>) -> Result<Self, Misfit> {
        value.map(|value| T::from_value(Some(value))).transpose()
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn write(&self, sink: &mut dyn Sink) {
        if let Some(value) = self {
            value.write(sink);
        }
    }
}

impl<'v, T: Wire<'v>> Wire<'v> for Vec<T> {
    fn from_value(value: Option<Value<'v>>) -> Result<Self, Misfit> {
        match value {
            Some(Value::List(values)) => {
                values.into_iter().map(|value| T::from_value(Some(value))).collect()
            }
            _ => Err(Misfit("list")),
        }
    }
    fn write(&self, sink: &mut dyn Sink) {
        sink.begin_list();
        self.iter().for_each(|value| value.write(sink));
        sink.end_list();
    }
}

impl<'v> Wire<'v> for BTreeMap<String, String> {
    fn from_value(value: Option<Value<'v>>) -> Result<Self, Misfit> {
        let Some(Value::Map(entries)) = value else { return Err(Misfit("map")) };
        entries
            .into_iter()
            .map(|(key, value)| Ok((key.into_owned(), String::from_value(Some(value))?)))
            .collect()
    }
    fn write(&self, sink: &mut dyn Sink) {
        sink.begin_map();
        for (key, value) in self {
            sink.key(key);
            sink.text(value);
        }
        sink.end_map();
    }
}

/// Declares a structure: its Rust fields, the model's members, their shapes.
///
/// Each field: `name: Type = "Member", required|optional|refused("why"), shape;`
macro_rules! record {
    (
        $(#[$doc:meta])*
        pub struct $name:ident $(<$life:lifetime>)? {
            $(
                $(#[$field_doc:meta])*
                $field:ident: $type:ty = $member:literal, $need:ident $(($why:expr))?, $shape:expr;
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name $(<$life>)? { $($(#[$field_doc])* pub $field: $type),* }

        $crate::record::implement!($name $(<$life>)?);

        impl $(<$life>)? $name $(<$life>)? {
            /// The shape, with its constraints.
            pub const SHAPE: &'static $crate::shape::Structure = &$crate::shape::Structure {
                name: stringify!($name),
                members: &[$($crate::shape::Member {
                    name: $member,
                    required: $crate::record::need!($need),
                    shape: $shape,
                    refused: $crate::record::reason!($need $(($why))?),
                }),*],
            };

            #[allow(unused_variables, unused_mut)]
            fn from_members(
                members: Vec<Option<$crate::record::value!($($life)?)>>,
            ) -> Result<Self, $crate::Misfit> {
                let mut members = members.into_iter();
                Ok($name { $($field: $crate::Wire::from_value(members.next().flatten())?),* })
            }

            #[allow(unused_variables)]
            fn write_members(&self, sink: &mut dyn $crate::Sink) {
                $(if !$crate::Wire::is_absent(&self.$field) {
                    sink.key($member);
                    $crate::Wire::write(&self.$field, sink);
                })*
            }
        }
    };
}

macro_rules! value {
    () => { $crate::Value<'_> };
    ($life:lifetime) => { $crate::Value<$life> };
}

macro_rules! need {
    (required) => {
        true
    };
    (optional) => {
        false
    };
    (refused) => {
        false
    };
}

macro_rules! reason {
    (refused($why:expr)) => {
        Some($why)
    };
    ($need:ident) => {
        None
    };
}

macro_rules! implement {
    ($name:ident) => { $crate::record::implement!(@ $name, $name); };
    ($name:ident <$life:lifetime>) => { $crate::record::implement!(@ $name, $name<'v>); };
    (@ $name:ident, $type:ty) => {
        impl<'v> $crate::Wire<'v> for $type {
            fn from_value(value: Option<$crate::Value<'v>>) -> Result<Self, $crate::Misfit> {
                match value {
                    Some($crate::Value::Structure(members)) => Self::from_members(members),
                    _ => Err($crate::Misfit(stringify!($name))),
                }
            }
            fn write(&self, sink: &mut dyn $crate::Sink) {
                sink.begin_map();
                self.write_members(sink);
                sink.end_map();
            }
        }

        impl<'v> $crate::Record<'v> for $type {
            const STRUCTURE: &'static $crate::shape::Structure = Self::SHAPE;
        }
    };
}

/// Declares an enumeration of texts and its shape.
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$value_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$value_doc])* $variant),* }

        impl $name {
            /// The shape: one of the values.
            pub const SHAPE: $crate::shape::Shape = $crate::shape::Shape::Text(&$crate::shape::Text {
                length: $crate::shape::Range::ANY,
                pattern: None,
                values: &[$($text),*],
                sensitive: false,
            });

            /// The value on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }
        }

        impl<'v> $crate::Wire<'v> for $name {
            fn from_value(value: Option<$crate::Value<'v>>) -> Result<Self, $crate::Misfit> {
                match value {
                    $(Some($crate::Value::Text(text)) if text == $text => Ok($name::$variant),)*
                    _ => Err($crate::Misfit(stringify!($name))),
                }
            }
            fn write(&self, sink: &mut dyn $crate::Sink) {
                sink.text(self.as_str());
            }
        }
    };
}

pub(crate) use {implement, need, reason, record, text_enum, value};
