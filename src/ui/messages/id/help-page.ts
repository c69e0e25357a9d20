/** Texts of the place Help, in Indonesian. */

import type { PageHelpTexts } from "../en/help-page.ts";

export const INDONESIAN_PAGE_HELP: PageHelpTexts = {
  about: "Juga tanpa jaringan",
  back: "Kembali",
  tabs: { questions: "Pertanyaan", keys: "Tombol", experts: "Untuk ahli" },
  related: "Ditanyakan juga",
  none: (question) => `Tidak ada jawaban tentang “${question}”`,
  noneHint: "Coba kata yang lebih sedikit, atau tanyakan kepada moderator.",
  open: (room) => `Buka ${room}`,
  ask: (name) => `Tanya ${name}`,
  more: "Selengkapnya",
  moreOf: (part) => `${part}: pertanyaan`,
  picture: {
    handIn: "Ruang berpensil, kolom tulis, dan tanda Terkumpul di atasnya",
    hand: "Bilah di atas ruang dengan tombol Angkat tangan",
    media: "Kolom tulis dengan tombol Lampirkan dan Pesan suara",
    findAgain: "Kolom Cari apa saja dengan dua kata",
    work: "Tugas saya",
    words: "gunung budi",
    room: "gunung-api",
  },
  keys: {
    unreadRooms: "ruang belum dibaca sebelumnya atau berikutnya",
    help: "bantuan",
    findSecond: "di kolom: kartu, pratinjau, atau setelan baris terpilih",
    walk: "hasil berikutnya; dengan Shift yang sebelumnya",
    undo: "urungkan yang baru dilakukan kolom ini",
  },
};
