// A line chart as SVG, of the same look as those of bench/measure.py.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

struct PlotLine {
  std::string name;
  std::vector<double> values;  // One for each label; not below zero.
};

struct Plot {
  std::string title;
  std::string x_name;
  std::string y_name;
  std::vector<std::string> labels;  // Of x, from left to right.
  std::vector<PlotLine> lines;
};

std::string ToSvg(const Plot& plot);

}  // namespace weir::cli
