#include <cstdlib>
#include <string>
#include <vector>

#include "app/commands.h"

int main(int argc, char** argv) {
  // The TPM's library speaks to stderr on its own; we say ourselves what went wrong. Before there
  // is a second thread that could read the environment.
  setenv("TSS2_LOG", "all+NONE", 0);
  return siegel::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
