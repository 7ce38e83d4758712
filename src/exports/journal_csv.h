#pragma once
namespace siegel::exports {}
