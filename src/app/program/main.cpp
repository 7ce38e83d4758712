#include <string>
#include <vector>

#include "app/commands.h"

int main(int argc, char** argv) {
  return siegel::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
