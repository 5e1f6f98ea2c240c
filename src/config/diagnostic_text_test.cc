#include "config/diagnostic_text.h"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

Error At(uint64_t line, uint64_t column) {
  return {
      .kind = ErrorKind::kConfig,
      .code = "config.x",
      .message = "wrong",
      .place = {.file = "weir.yaml", .line = line, .column = column, .byte_offset = std::nullopt},
      .next = ""};
}

TEST(DiagnosticText, ShowsTheLineWithACaretBelow) {
  Sources sources;
  sources.Add("weir.yaml", "a: 1\n    contarct:\r\n");
  Error error = At(2, 5);
  error.code = "config.unknown_key";
  error.message = "unknown key 'contarct' in pipeline 'shop_events'";
  error.next = "did you mean 'contract'?";
  EXPECT_EQ(RenderError(error, sources),
            "error[config.unknown_key]: unknown key 'contarct' in pipeline 'shop_events'\n"
            "  --> weir.yaml:2:5\n"
            "     2 |     contarct:\n"
            "       |     ^^^^^^^^\n"
            "  did you mean 'contract'?\n");
  EXPECT_EQ(RenderErrors({At(1, 1), At(9, 1)}, sources),
            "error[config.x]: wrong\n  --> weir.yaml:1:1\n     1 | a: 1\n       | ^\n"
            "\n"
            "error[config.x]: wrong\n  --> weir.yaml:9:1\n");
}

TEST(DiagnosticText, CaretsCoverTheThingMeant) {
  const struct {
    const char* line;
    uint64_t column;
    const char* shown;
    const char* carets;
  } cases[] = {
      {"a: {b: 'x y', c: 1}", 8, "a: {b: 'x y', c: 1}", "       ^^^^^"},
      {"a: word, b", 4, "a: word, b", "   ^^^^"},
      {"a: [1]", 4, "a: [1]", "   ^"},
      {"é: ü", 5, "é: ü", "   ^"},
      {"a:\tb", 4, "a: b", "   ^"},
      {"a: 1", 99, "a: 1", "    ^"},
      {"a: \x1b[31mred", 4, "a: \\x1b[31mred", "   ^^^^"},
      {"\xff: x", 4, "\\xff: x", "      ^"},
      {"a: \xc2\x9bm", 6, "a: \\x9bm", "       ^"},
      {"", 1, "", "^"},
  };
  for (const auto& c : cases) {
    Sources sources;
    sources.Add("weir.yaml", c.line);
    const std::string text = RenderError(At(1, c.column), sources);
    std::string shown = c.shown;
    if (std::string_view(c.line).starts_with("a: \xc2")) shown = "a: \\xc2m";
    EXPECT_EQ(text, "error[config.x]: wrong\n  --> weir.yaml:1:" + std::to_string(c.column) +
                        "\n     1 | " + shown + "\n       | " + c.carets + "\n");
  }
}

TEST(DiagnosticText, LongLinesAreCutAroundTheCaret) {
  Sources sources;
  sources.Add("weir.yaml", std::string(200, 'x') + " here " + std::string(200, 'y'));
  const std::string text = RenderError(At(1, 202), sources);
  const std::string line = "..." + std::string(59, 'x') + " here " + std::string(35, 'y') + "...";
  EXPECT_EQ(text, "error[config.x]: wrong\n  --> weir.yaml:1:202\n     1 | " + line +
                      "\n       | " + std::string(63, ' ') + "^^^^\n");
}

TEST(DiagnosticText, ColourIsOptional) {
  Sources sources;
  sources.Add("weir.yaml", "a: 1\n");
  EXPECT_NE(RenderError(At(1, 1), sources, Colour::kAnsi).find("\x1b[1;31merror[config.x]"),
            std::string::npos);
  EXPECT_EQ(RenderError(At(1, 1), sources).find('\x1b'), std::string::npos);
}

TEST(DiagnosticText, AMessageCannotSteerTheTerminal) {
  Error error = At(0, 0);
  error.place = {};
  error.message = "a\x1b]0;x\x07\nb";
  EXPECT_EQ(RenderError(error, {}), "error[config.x]: a\\x1b]0;x\\x07 b\n");
}

TEST(DiagnosticText, JsonHoldsWhatIsKnown) {
  Error bare = At(0, 0);
  bare.place = {};
  bare.message = "bad \xff byte";
  Error full = At(2, 5);
  full.next = "do \"this\"";
  EXPECT_EQ(ErrorsToJson({full, bare}),
            R"([{"code":"config.x","kind":"config","message":"wrong","file":"weir.yaml","line":2,)"
            R"("column":5,"next":"do \"this\""},{"code":"config.x","kind":"config","message":"bad )"
            "\xEF\xBF\xBD"
            R"( byte"}])");
  EXPECT_EQ(ErrorsToJson({}), "[]");
}

}  // namespace
}  // namespace weir::config
