#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "archive/collection.h"
#include "crypto/hash.h"
#include "format/tar.h"

// Writes one piece of the archive. Not part of the module's contract.

namespace siegel::archive {

class PieceWriter {
 public:
  /// `<folder>/<file>.new`; an old one is replaced. `others` come first. E-FIL-004.
  static Result<std::unique_ptr<PieceWriter>> create(const std::filesystem::path& folder,
                                                     std::string file,
                                                     const std::vector<OtherFile>& others);
  ~PieceWriter();
  PieceWriter(const PieceWriter&) = delete;
  PieceWriter& operator=(const PieceWriter&) = delete;

  /// In order of the counters.
  Status add(const Collected& message, BytesView content);
  [[nodiscard]] const Piece& piece() const { return m_piece; }
  [[nodiscard]] std::uint64_t bytes() const { return m_tar.size(); }
  /// Synced and under its name. The piece is part of the archive once the manifest names it.
  Result<Piece> finish(Instant at);

 private:
  /// Into the file, with the hash of it.
  class Hashed final : public Sink {
   public:
    explicit Hashed(FileSink to) : file(std::move(to)) {}
    Status write(BytesView bytes) override {
      hash.update(bytes);
      return file.write(bytes);
    }
    FileSink file;
    crypto::Sha256 hash;
  };
  PieceWriter(std::filesystem::path folder, std::string file, FileSink sink)
      : m_folder(std::move(folder)), m_sink(std::move(sink)), m_tar(m_sink) {
    m_piece.file = std::move(file);
  }

  std::filesystem::path m_folder;
  Hashed m_sink;
  format::TarWriter m_tar;
  Piece m_piece;
  bool m_finished = false;
};

}  // namespace siegel::archive
