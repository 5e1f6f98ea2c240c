// JsonScanner says where something broken in a JSON file ends. What is good is cut by the strict
// reading (json_record_internal.h); this is for the rest, and its rule is a function of the bytes
// from the broken thing's first one on:
//
//   an object, or a list where an object must stand, ends with the first of
//     1. the bracket that closes it. A '}' or ']' closes what stands open within its partner; a
//        string ends with its line at the latest.
//     2. a ']' that closes none of its own brackets: the array around it ends there.
//     3. ",{" within an object: another element begins, since a key must stand there.
//     4. a line that begins no deeper than the broken thing did, with '{' or, in an array, ']',
//     where its brackets allow for none or a string was torn before. (Not where lines of its own
//     are no deeper than it: such text has no indentation.)
//   a comment ends with its line, or with its "*/"
//   anything else ends before the next ',' or ']', or with its line; outside of an array with its
//     line; a stray , : } ] there is a thing of its own.
//
// So a torn object of a file with an object per line, or of an indented one, costs itself alone; in
// a file of a single line a quote that is missing costs the rest of the line. Nothing is guessed
// into records: what lies within an object never becomes a record of its own, as far as brackets
// or indentation tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::format {

class JsonScanner {
 public:
  // `column`: how deep the thing's line is indented, -1 where other things stand before it.
  JsonScanner(int64_t column, bool in_array) : column_(column), in_array_(in_array) {}

  // Takes bytes behind those given before, the thing's own from its first one on. Where it ends in
  // `bytes`; nullopt: all of them belong to it.
  std::optional<size_t> FindEnd(std::string_view bytes);

  // How deep the line that it ended before is indented; -1: it did not end before a line.
  int64_t next_column() const { return line_blank_ ? lead_ : -1; }

 private:
  enum class Kind : uint8_t { kUnknown, kBrackets, kSlash, kLineComment, kBlockComment, kStray };

  void Begin(char first);
  bool EndsStray(char c) const;
  // How many bytes, from this one on, belong to the thing: 0 or 1 where it ends; nullopt: go on.
  std::optional<size_t> TakeBracketed(char c);
  std::optional<size_t> TakeSignificant(char c);
  bool TakeQuoted(char c);
  void TakeNewline();
  bool BeginsSibling(char c);
  bool Fits(char c) const;
  void Push(char open);
  // Closes the nearest `open` and all within it. False: there is none.
  bool CloseTo(char open);
  void Pop();

  int64_t column_;
  bool in_array_;
  Kind kind_ = Kind::kUnknown;

  std::string open_;       // Brackets that stand open, innermost last.
  size_t lists_open_ = 0;  // '[' among them.
  size_t deeper_ = 0;      // Further ones, too deep to be remembered.
  char last_ = '\0';       // The last byte outside of strings that is no blank.
  bool quoted_ = false;
  bool escaped_ = false;

  uint64_t lines_ = 0;           // Line ends passed.
  bool line_blank_ = false;      // Nothing but blanks and commas stood on this line yet ...
  int64_t lead_ = 0;             // ... and so many of them.
  bool first_line_bare_ = true;  // Nothing but the thing's first bracket is on its first line.
  bool torn_ = false;            // A string ended with its line.
  bool flat_ = false;            // Indentation tells nothing.
};

}  // namespace weir::format
