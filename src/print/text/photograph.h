#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "format/png.h"

// For tests that read a printed code back as a scanner does.

namespace siegel::print {

/// The picture of the half blocks on a page of text, four pixels a module.
inline format::GreyImage photograph(const std::string& page) {
  constexpr std::size_t pixels = 4;
  std::vector<std::string> lines;
  std::istringstream stream(page);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::vector<std::vector<bool>> modules;
  std::size_t widest = 0;
  for (const std::string& line : lines) {
    std::vector<bool> upper;
    std::vector<bool> lower;
    for (std::size_t i = 0; i < line.size();) {
      const bool block = line.compare(i, 2, "\xe2\x96") == 0;
      upper.push_back(block && (line[i + 2] == '\x80' || line[i + 2] == '\x88'));
      lower.push_back(block && (line[i + 2] == '\x84' || line[i + 2] == '\x88'));
      i += block ? 3 : 1;
    }
    widest = std::max(widest, upper.size());
    modules.push_back(std::move(upper));
    modules.push_back(std::move(lower));
  }
  const std::size_t width = (widest + 8) * pixels;
  const std::size_t height = (modules.size() + 8) * pixels;
  format::GreyImage image{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height),
                          Bytes(width * height, std::byte{255})};
  for (std::size_t y = 0; y < modules.size() * pixels; ++y) {
    const std::vector<bool>& row = modules[y / pixels];
    for (std::size_t x = 0; x < row.size() * pixels; ++x) {
      if (row[x / pixels]) {
        image.pixels[(y + 4 * pixels) * width + x + 4 * pixels] = std::byte{0};
      }
    }
  }
  return image;
}

}  // namespace siegel::print
