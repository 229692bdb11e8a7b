# The filters of jq 1.6 that are written in JQ. What reaches beyond the record is left out on purpose: input, inputs,
# debug, stderr, env, $ENV, halt, halt_error, input_filename, input_line_number, modules.
# No filter here may call itself with filters as arguments (see `recursion.rs`).

def empty: {}[] as $x | .;
def error: error_empty as $x | .;
def error(msg): (msg | error_empty) as $x | .;
def true: 0 == 0;
def false: 0 != 0;
def not: if . then false else true end;
def select(f): if f then . else empty end;
def tostring: "\(.)";

def range(from; to): range(from; to; 1);
def range(to): range(0; to; 1);
def repeat(f): def rec: f, rec; rec;
def recurse(f): def rec: ., (f | rec); rec;
def recurse: recurse(.[]?);
def recurse(f; cond): def rec: ., (f | select(cond) | rec); rec;
def recurse_down: recurse;
def while(cond; update): def rec: if cond then ., (update | rec) else empty end; rec;
def until(cond; update): def rec: if cond then . else update | rec end; rec;

def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(type == "number" and (isinfinite or isnan | not));
def normals: select(type == "number" and isnormal);

def map(f): [.[] | f];
def map_values(f): .[] |= f;
def min: min_by(.);
def max: max_by(.);
def unique_by(f): [group_by(f)[] | .[0]];
def unique: unique_by(.);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def nth($n; f): first(skip($n; f));
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def from_entries:
  reduce .[] as $x ({};
    . + { ($x | if type == "object" then
              (if has("key") then .key elif has("k") then .k elif has("name") then .name
               elif has("Name") then .Name elif has("K") then .K else .Key end)
            else . end
          | if type == "string" then . elif type == "null" then "null" else tojson end):
          ($x | if type == "object" then
              (if has("value") then .value elif has("v") then .v elif has("Value") then .Value
               else .V end)
            else null end) });
def with_entries(f): to_entries | map(f) | from_entries;
def transpose: if . == [] then [] else
  . as $in | (map(length) | max) as $max | [range(0; $max) as $j | [range(0; $in | length) as $i | $in[$i][$j]]] end;
def flatten($depth):
  if $depth < 0 then error("flatten depth must not be negative") else
  reduce .[] as $x ([]; if $x | type == "array" and $depth > 0
    then . + ($x | flatten($depth - 1)) else . + [$x] end) end;
def flatten: flatten(1000);
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations($n): . as $dot | [range($n)] | map($dot) | combinations;
def walk(f): def rec: if type == "object" then map_values(rec)
    elif type == "array" then map(rec) else . end | f; rec;

def isempty(g): first((g | false), true);
def all(g; cond): isempty(first(g | cond and empty));
def any(g; cond): isempty(first(g | cond or empty)) | not;
def all(cond): all(.[]; cond);
def any(cond): any(.[]; cond);
def all: all(.[]; .);
def any: any(.[]; .);
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);

def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def leaf_paths: paths(scalars);
def getpath($path): reduce $path[] as $p (.; .[$p]);
def setpath($path; $x): getpath($path) = $x;
def delpaths($paths): reduce ($paths | sort | reverse | .[]) as $path (.; getpath($path) |= empty);
def del(f): delpaths([path(f)]);
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) |
  reduce path(.[]?) as $q ([$p, .]; [$p + $q]);

def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;

def match(re; flags): match_(re; flags) | .[];
def match($val):
  ($val | type) as $t
  | if $t == "string" then match($val; null)
    elif $t == "array" and ($val | length) > 1 then match($val[0]; $val[1])
    elif $t == "array" and ($val | length) > 0 then match($val[0]; null)
    else error("\($t) (\($val)) cannot be matched, as it is not a string") end;
def test(re; flags): test_(re; flags);
def test($val): if $val | type == "array" then test_($val[0]; $val[1]) else test_($val; null) end;
def capture_: [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def capture(re; flags): match(re; flags) | capture_;
def capture($val): match($val) | capture_;
def scan_: if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): match($re; "g") | scan_;
def scan($re; $flags): match($re; "g" + $flags) | scan_;
def split($re; flags): . as $s
  | reduce (match($re; flags + "g") | [.offset, .length]) as $m ([0, []];
      [$m[0] + $m[1], .[1] + [$s[.[0]:$m[0]]]])
  | .[1] + [$s[.[0]:]];
def splits($re): split($re; null) | .[];
def splits($re; flags): split($re; flags) | .[];
def sub($re; str; $flags): . as $s
  | reduce match($re; $flags) as $m ([0, ""];
      [$m.offset + $m.length, .[1] + $s[.[0]:$m.offset] + ($m | capture_ | str)])
  | .[1] + $s[.[0]:];
def sub($re; str): sub($re; str; "");
def gsub($re; str; $flags): sub($re; str; $flags + "g");
def gsub($re; str): sub($re; str; "g");

def @text: tostring;
def @json: tojson;
def @base64: tostring | encode_base64;
def @base64d: tostring | decode_base64;
def @uri: tostring | encode_uri;
def @html: tostring | escape_html;
def @sh: [if type == "array" then .[] else . end
  | if type == "string" then "'\(escape_sh)'"
    elif type | . == "array" or . == "object" then error("\(type) can not be escaped for shell")
    else tojson end] | join(" ");
def @csv: [.[] | if type == "string" then "\"\(escape_csv)\"" elif . == null then ""
    elif type | . == "array" or . == "object" then error("\(type) is not valid in a csv row")
    else tojson end] | join(",");
def @tsv: [.[] | if type == "string" then escape_tsv elif . == null then ""
    elif type | . == "array" or . == "object" then error("\(type) cannot be tsv-formatted, only an array can be")
    else tojson end] | join("\t");
