#include "daemon/cli/cli.hpp"

int main(int argc, char** argv) { return tapedeck::cli::run(argc, argv); }
