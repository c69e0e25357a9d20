/** Indonesian texts of the desk. */

import type { DeskTexts } from "../en/desk.ts";

export const INDONESIAN_DESK: DeskTexts = {
  desk: "Meja koreksi",
  toTable: "Kembali ke tabel",
  all: "Semua",
  notDone: "Belum selesai",
  progress: "Kemajuan",
  people: "Peserta tugas ini",
  doneOf: (done, of) => `${done} dari ${of} selesai`,
  state: (state) =>
    ({ new: "Baru", read: "Dibaca", answered: "Dijawab", done: "Selesai", missing: "Belum ada" })[
      state
    ],
  stamp: (stamp) =>
    ({
      seen: "Sudah dilihat",
      "well-done": "Bagus",
      fix: "Satu hal diperbaiki",
      again: "Coba lagi",
    })[stamp],
  stamps: "Stempel",
  doneNext: "Selesai, lanjut",
  work: "Tugas",
  talk: "Percakapan",
  handedInAt: (time) => `Dikumpulkan ${time}`,
  nothing: "Belum ada yang dikumpulkan.",
  olderWork: "Tampilkan tugas lama",
  allAnswered: "Semua tugas sudah dijawab.",
  keys: "berikutnya, sebelumnya",
  keyStamp: "stempel",
  keyComment: "komentar",
  keyDone: "selesai",
  draw: "Coret di gambar",
  pens: "Pena",
  pen: (colour) => ({ red: "Pena merah", blue: "Pena biru", green: "Pena hijau" })[colour],
  pressStamp: (word) => `Bubuhkan pada foto: ${word}`,
  ownStamp: "Kata sendiri",
  ownStampHint: "Satu dua kata, misalnya “Gambarnya indah”",
  stampIt: "Bubuhkan",
  sign: "Tanda",
  noView: "Jenis berkas ini tidak dapat ditampilkan di sini. Simpan untuk membukanya.",
  undo: "Urungkan",
  redo: "Ulangi",
  sendBack: "Kirim kembali",
  discardAsk: "Buang coretan?",
  discardText: "Coretan Anda tidak dikirim.",
  discard: "Buang",
  previous: "Orang sebelumnya",
  next: "Orang berikutnya",
};
