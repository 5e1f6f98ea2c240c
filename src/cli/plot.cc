#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weir::cli {
namespace {

constexpr double kWidth = 560;
constexpr double kHeight = 300;
constexpr double kEdge = 56;
constexpr std::array<const char*, 4> kColours = {"#1f6f8b", "#c8553d", "#6a994e", "#7b5ea7"};

std::string Text(double x, double y, const std::string& words, const char* anchor,
                 const std::string& more = "") {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" {}>{}</text>)", x, y, anchor,
                     more, words) +
         "\n";
}

double Across(size_t at, size_t points) {
  return kEdge + static_cast<double>(at) * (kWidth - 2 * kEdge) /
                     static_cast<double>(std::max<size_t>(1, points - 1));
}

std::string Frame(const Plot& plot, double top) {
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="sans-serif" font-size="11" fill="#333">)"
      "\n"
      R"(<rect width="{}" height="{}" fill="white"/>)"
      "\n",
      kWidth, kHeight, kWidth, kHeight);
  svg += Text(kWidth / 2, 20, plot.title, "middle", R"(font-size="13" font-weight="bold")");
  svg += Text(kWidth / 2, kHeight - 12, plot.x_name, "middle");
  svg += Text(kEdge - 6, 38, plot.y_name, "start");
  for (int i = 0; i < 5; ++i) {
    const double y = kHeight - kEdge - i * (kHeight - 2 * kEdge) / 4;
    svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="#ddd"/>)", kEdge,
                       kWidth - kEdge, y, y) +
           "\n";
    svg += Text(kEdge - 6, y + 4, fmt::format("{:.3g}", top * i / 4), "end");
  }
  for (size_t i = 0; i < plot.labels.size(); ++i)
    svg += Text(Across(i, plot.labels.size()), kHeight - kEdge + 18, plot.labels[i], "middle");
  return svg;
}

}  // namespace

std::string ToSvg(const Plot& plot) {
  double top = 0;
  for (const PlotLine& line : plot.lines)
    for (const double value : line.values) top = std::max(top, 1.15 * value);
  if (top == 0) top = 1;
  std::string svg = Frame(plot, top);
  for (size_t k = 0; k < plot.lines.size(); ++k) {
    const PlotLine& line = plot.lines[k];
    const char* colour = kColours[k % kColours.size()];
    std::string points;
    std::string dots;
    double x = 0;
    double y = 0;
    for (size_t i = 0; i < line.values.size(); ++i) {
      x = Across(i, plot.labels.size());
      y = kHeight - kEdge - line.values[i] * (kHeight - 2 * kEdge) / top;
      points += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", x, y);
      dots +=
          fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>)", x, y, colour) + "\n";
    }
    svg += fmt::format(R"(<polyline fill="none" stroke="{}" stroke-width="2" points="{}"/>)",
                       colour, points) +
           "\n" + dots +
           Text(x + 4, y + 4, line.name, "start", fmt::format(R"(style="fill:{}")", colour));
  }
  return svg + "</svg>\n";
}

}  // namespace weir::cli
