#include "api/docs_page.h"

#include <array>

namespace weir::api {
namespace {

constexpr std::string_view kHtml = R"HTML(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir: API</title>
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
</head>
<body>
<header>
<h1 id="title">API</h1>
<p><a href="/openapi.json">openapi.json</a> <a href="/health">health</a> <a href="/metrics">metrics</a></p>
<label>Token <input id="token" type="password" autocomplete="off" placeholder="weir_..."></label>
</header>
<main id="routes"><noscript>This page needs JavaScript; /openapi.json holds the same.</noscript></main>
</body>
</html>
)HTML";

constexpr std::string_view kStyle =
    R"CSS(:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.4rem; margin: 0; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .5rem 0; padding: .5rem .8rem; }
summary { cursor: pointer; }
.method { display: inline-block; min-width: 4rem; font-weight: 700; }
.post { color: #17803d; }
.get { color: #1d5fbf; }
code, pre, textarea, input, select { font-family: ui-monospace, monospace; font-size: .9rem; }
textarea { width: 100%; min-height: 7rem; box-sizing: border-box; }
label { display: block; margin: .4rem 0; }
pre { background: #8882; padding: .6rem; overflow-x: auto; white-space: pre-wrap; }
table { border-collapse: collapse; margin: .5rem 0; }
td { padding: .1rem .8rem .1rem 0; vertical-align: top; }
button { font: inherit; padding: .2rem 1rem; }
)CSS";

constexpr std::string_view kScript = R"JS('use strict';
// Everything is put into the page as text: nothing that a project or an answer says is markup.
const make = (tag, text, properties) => Object.assign(document.createElement(tag), {textContent: text || ''}, properties);
const put = (parent, ...children) => { parent.append(...children); return parent; };

function field(form, label, input) {
  put(form, put(make('label', label + ' '), input));
  return input;
}

function parameters(form, operation) {
  return (operation.parameters || []).map(one => {
    const values = one.schema.enum;
    const input = make(values ? 'select' : 'input', '', {required: one.required, title: one.description});
    if (values) for (const value of ['', ...values]) put(input, make('option', value, {value}));
    return {one, input: field(form, one.name + ' (' + one.in + '): ' + one.description, input)};
  });
}

function body(form, operation) {
  if (!operation.requestBody) return () => null;
  const type = field(form, 'Content-Type', make('select'));
  for (const media of Object.keys(operation.requestBody.content)) put(type, make('option', media));
  const text = field(form, 'Body', make('textarea'));
  const file = field(form, 'or a file', make('input', '', {type: 'file'}));
  return headers => {
    const chosen = file.files[0];
    if (type.value === 'multipart/form-data') {
      const data = new FormData();
      data.append('file', chosen || new Blob([text.value]), chosen ? chosen.name : 'body');
      return data;
    }
    headers['Content-Type'] = type.value;
    return chosen || text.value;
  };
}

async function send(method, path, inputs, makeBody, result) {
  const headers = {};
  const query = new URLSearchParams();
  const token = document.getElementById('token').value;
  if (token) headers.Authorization = 'Bearer ' + token;
  for (const {one, input} of inputs) {
    if (one.in === 'path') path = path.replace('{' + one.name + '}', encodeURIComponent(input.value));
    else if (input.value && one.in === 'query') query.set(one.name, input.value);
    else if (input.value) headers[one.name] = input.value;
  }
  const target = path + (query.size ? '?' + query : '');
  result.textContent = '...';
  try {
    const answer = await fetch(target, {method, headers, body: makeBody(headers)});
    let said = await answer.text();
    try { said = JSON.stringify(JSON.parse(said), null, 2); } catch { /* It is no JSON. */ }
    const receipt = answer.headers.get('Weir-Receipt');
    result.textContent = answer.status + ' ' + answer.statusText + (receipt ? '\nWeir-Receipt: ' + receipt : '') + '\n\n' + said;
  } catch (error) {
    result.textContent = String(error);
  }
}

function route(path, method, operation) {
  const details = make('details');
  put(details, put(make('summary'), make('span', method.toUpperCase(), {className: 'method ' + method}),
      make('code', path), make('span', '  ' + operation.summary)));
  const form = make('form');
  const inputs = parameters(form, operation);
  const makeBody = body(form, operation);
  const result = make('pre', '');
  put(form, make('button', 'Send'), result);
  form.addEventListener('submit', event => {
    event.preventDefault();
    send(method.toUpperCase(), path, inputs, makeBody, result);
  });
  const table = make('table');
  for (const [status, answer] of Object.entries(operation.responses))
    put(table, put(make('tr'), make('td', status), make('td', answer.description)));
  return put(details, form, table);
}

fetch('/openapi.json').then(answer => answer.json()).then(document_ => {
  document.getElementById('title').textContent = document_.info.title + ' ' + document_.info.version;
  const routes = document.getElementById('routes');
  for (const [path, methods] of Object.entries(document_.paths))
    for (const [method, operation] of Object.entries(methods)) put(routes, route(path, method, operation));
});
)JS";

// The page loads its own files, asks this server, and is shown in nobody's frame.
constexpr std::string_view kPageLines =
    "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    "\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer"
    "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache";

constexpr std::array<DocsFile, 3> kFiles = {
    DocsFile{"/docs", "docs", "text/html; charset=utf-8", kHtml},
    DocsFile{"/docs/docs.css", "docs_style", "text/css; charset=utf-8", kStyle},
    DocsFile{"/docs/docs.js", "docs_script", "text/javascript; charset=utf-8", kScript}};

}  // namespace

std::span<const DocsFile> DocsFiles() { return kFiles; }

net::Response DocsResponse(const DocsFile& file) {
  return {.content_type = std::string(file.content_type),
          .body = std::string(file.text),
          .lines = kPageLines};
}

}  // namespace weir::api
