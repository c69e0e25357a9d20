/** Indonesian texts of the face of a room, of its door, and of a first visit. */

import type { FaceTexts } from "../en/faces.ts";

export const INDONESIAN_FACES: FaceTexts = {
  face: "Ikon",
  colour: "Warna",
  letters: "Huruf",
  sign: "Tanda",
  allEmoji: "Semua emoji",
  lettersWrong: "Tulis satu atau dua huruf atau angka.",
  lettersOf: "Satu atau dua huruf",
  colours: [
    "Mawar",
    "Koral",
    "Aprikot",
    "Pasir",
    "Limau",
    "Daun mint",
    "Akua",
    "Langit",
    "Biru",
    "Lavendel",
    "Lila",
    "Merah muda",
  ],
  typedAs: (name) => `${name} di tautan dan terminal`,
  print: "Cetak",
  doorOf: (room) => `Pintu ${room}`,
  ledBy: (names) => `Bersama ${names}`,
  noAddress:
    "Halaman ini hanya mengetahui alamat komputer ini. Buka di alamat yang dapat dijangkau orang " +
    "lain, lalu cetak.",
  people: (n) => `${n} orang`,
  welcome: (name) => `Selamat datang, ${name}`,
  hereNow: (n) => `${n} orang lain sedang di sini`,
  roomsToJoin: "Ruang yang dapat Anda masuki",
  showAll: "Tampilkan semua",
  ask: "Minta",
  moderatorAdmits: "Moderator akan mengizinkan Anda masuk",
  needsPassword: "Dengan kata sandi",
  joinRoom: (room) => `Gabung ${room}`,
  askRoom: (room) => `Minta masuk ${room}`,
  sayHello: "Beri salam",
  writeMessage: "Tulis pesan",
};
