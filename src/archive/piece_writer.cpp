#include "archive/piece_writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace siegel::archive {
namespace {

namespace fs = std::filesystem;

fs::path unfinished(const fs::path& folder, const std::string& file) {
  return folder / (file + ".new");
}

}  // namespace

Result<std::unique_ptr<PieceWriter>> PieceWriter::create(const fs::path& folder, std::string file,
                                                         const std::vector<OtherFile>& others) {
  std::error_code ignored;
  fs::remove(unfinished(folder, file), ignored);
  SIEGEL_TRY(FileSink sink, FileSink::create(unfinished(folder, file), {.mode = 0600}));
  std::unique_ptr<PieceWriter> writer(new PieceWriter(folder, std::move(file), std::move(sink)));
  for (const OtherFile& other : others)
    SIEGEL_TRY_OK(writer->m_tar.add(other.name, other.content, other.mtime));
  return writer;
}

PieceWriter::~PieceWriter() {
  std::error_code ignored;
  if (!m_finished) fs::remove(unfinished(m_folder, m_piece.file), ignored);
}

Status PieceWriter::add(const Collected& message, BytesView content) {
  SIEGEL_TRY_OK(m_tar.add(message.name, content, message.mtime));
  const bool first = m_piece.messages++ == 0;
  if (first) m_piece.counters.first = message.counter;
  m_piece.counters.last = message.counter;
  m_piece.time_first = first ? message.time : std::min(m_piece.time_first, message.time);
  m_piece.time_last = first ? message.time : std::max(m_piece.time_last, message.time);
  if (message.transaction == 0) return Ok{};
  std::uint64_t& lowest = m_piece.transaction_first;
  lowest = lowest == 0 ? message.transaction : std::min(lowest, message.transaction);
  m_piece.transaction_last = std::max(m_piece.transaction_last, message.transaction);
  return Ok{};
}

Result<Piece> PieceWriter::finish(Instant at) {
  SIEGEL_TRY_OK(m_tar.finish());
  SIEGEL_TRY_OK(m_sink.file.finish());
  std::error_code error;
  fs::rename(unfinished(m_folder, m_piece.file), m_folder / m_piece.file, error);
  if (error)
    return unavailable("E-FIL-004",
                       fmt::format("cannot rename to {}: {}", m_piece.file, error.message()),
                       (m_folder / m_piece.file).string());
  m_finished = true;
  SIEGEL_TRY_OK(sync_directory(m_folder));
  m_piece.at = at;
  m_piece.bytes = m_tar.size();
  m_piece.sha256 = m_sink.hash.digest();
  return m_piece;
}

}  // namespace siegel::archive
