#include "config/diagnostic_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "config/text_internal.h"

namespace weir::config {
namespace {

constexpr size_t kLineCharactersMax = 100;  // Longer lines are cut around the caret.
constexpr size_t kCharactersBefore = 60;

struct Paint {
  std::string_view error;
  std::string_view dim;
  std::string_view bold;
  std::string_view off;
};
constexpr Paint kPlain = {"", "", "", ""};
constexpr Paint kAnsi = {"\x1b[1;31m", "\x1b[34m", "\x1b[1m", "\x1b[0m"};

// What a terminal may show as it is; each answer takes `width` columns there.
struct Glyph {
  std::string text;
  size_t width;
};

std::string Escaped(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xF]};
}

Glyph GlyphAt(std::string_view line, size_t position, size_t bytes) {
  const auto byte = static_cast<unsigned char>(line[position]);
  if (byte == '\t') return {" ", 1};
  const bool c1 =
      bytes == 2 && byte == 0xC2 && static_cast<unsigned char>(line[position + 1]) < 0xA0;
  if (bytes == 0 || byte < 0x20 || byte == 0x7F || c1) return {Escaped(byte), 4};
  return {std::string(line.substr(position, bytes)), 1};
}

std::string Printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = CharacterBytes(text, at);
    out += text[at] == '\n' ? " " : GlyphAt(text, at, bytes).text;
    at += std::max<size_t>(bytes, 1);
  }
  return out;
}

// How many bytes of `line` the thing at `begin` takes: a quoted text, or up to what separates.
size_t MarkedBytes(std::string_view line, size_t begin) {
  const char first = line[begin];
  if (first == '"' || first == '\'') {
    const size_t end = line.find(first, begin + 1);
    return end == std::string_view::npos ? line.size() - begin : end - begin + 1;
  }
  const size_t end = line.find_first_of(" \t,:{}[]\"'", begin);
  return std::max<size_t>(1, (end == std::string_view::npos ? line.size() : end) - begin);
}

struct Excerpt {
  std::string line;
  std::string carets;
};

Excerpt Cut(std::string_view line, uint64_t column) {
  const size_t mark = std::min<size_t>(column - 1, line.size());
  const size_t mark_end = mark < line.size() ? mark + MarkedBytes(line, mark) : mark;
  std::vector<Glyph> glyphs;
  size_t caret_begin = 0;
  size_t caret_count = 0;
  for (size_t at = 0; at < line.size();) {
    const size_t bytes = CharacterBytes(line, at);
    if (at == mark) caret_begin = glyphs.size();
    if (at >= mark && at < mark_end) ++caret_count;
    glyphs.push_back(GlyphAt(line, at, bytes));
    at += std::max<size_t>(bytes, 1);
  }
  if (mark == line.size()) caret_begin = glyphs.size();
  caret_count = std::max<size_t>(caret_count, 1);
  const bool cut = glyphs.size() > kLineCharactersMax;
  const size_t begin = cut && caret_begin > kCharactersBefore ? caret_begin - kCharactersBefore : 0;
  const size_t end = cut ? std::min(glyphs.size(), begin + kLineCharactersMax) : glyphs.size();
  Excerpt excerpt;
  if (begin > 0) {
    excerpt.line = "...";
    excerpt.carets = "   ";
  }
  for (size_t i = begin; i < std::max(end, caret_begin + caret_count); ++i) {
    const size_t width = i < glyphs.size() ? glyphs[i].width : 1;
    if (i < end) excerpt.line += glyphs[i].text;
    const bool marked = i >= caret_begin && i < caret_begin + caret_count && (i < end || !cut);
    if (i < caret_begin + caret_count) excerpt.carets += std::string(width, marked ? '^' : ' ');
  }
  excerpt.carets.erase(excerpt.carets.find_last_not_of(' ') + 1);
  if (end < glyphs.size()) excerpt.line += "...";
  return excerpt;
}

}  // namespace

std::string RenderError(const Error& error, const Sources& sources, Colour colour) {
  const Paint paint = colour == Colour::kAnsi ? kAnsi : kPlain;
  const auto painted = [&](std::string_view how, const std::string& words) {
    return std::string(how) + words + std::string(paint.off);
  };
  std::string text = painted(paint.error, "error[" + Printable(error.code) + "]") +
                     painted(paint.bold, ": " + Printable(error.message)) + "\n";
  if (error.place.known())
    text += painted(paint.dim, "  -->") + " " + Printable(error.place.ToString()) + "\n";
  const auto line = sources.Line(error.place.file, error.place.line);
  if (line && error.place.column > 0) {
    constexpr size_t kNumberWidth = 6;
    const Excerpt excerpt = Cut(*line, error.place.column);
    std::string number = std::to_string(error.place.line);
    number.insert(0, kNumberWidth - std::min(kNumberWidth, number.size()), ' ');
    text += painted(paint.dim, number + " |") + " " + excerpt.line + "\n";
    text += painted(paint.dim, std::string(number.size(), ' ') + " |") + " " +
            painted(paint.error, excerpt.carets) + "\n";
  }
  if (!error.next.empty()) text += "  " + Printable(error.next) + "\n";
  return text;
}

std::string RenderErrors(const Errors& errors, const Sources& sources, Colour colour) {
  std::string text;
  for (const Error& error : errors) {
    if (!text.empty()) text += '\n';
    text += RenderError(error, sources, colour);
  }
  return text;
}

std::string ErrorsToJson(const Errors& errors) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Error& error : errors) {
    nlohmann::ordered_json item;
    item["code"] = error.code;
    item["kind"] = ToString(error.kind);
    item["message"] = error.message;
    if (error.place.known()) item["file"] = error.place.file;
    if (error.place.line > 0) item["line"] = error.place.line;
    if (error.place.column > 0) item["column"] = error.place.column;
    if (error.place.byte_offset) item["byte"] = *error.place.byte_offset;
    if (!error.next.empty()) item["next"] = error.next;
    list.push_back(std::move(item));
  }
  // Bytes that are no UTF-8 (from an input's name, say) become U+FFFD instead of an exception.
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace weir::config
