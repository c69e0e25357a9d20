/** Indonesian texts of the card of new messages. */

import type { CatchUpTexts } from "../en/catch-up.ts";

export const INDONESIAN_CATCH_UP: CatchUpTexts = {
  label: "Ringkasan pesan baru",
  since: (time) => `Sejak ${time}`,
  sum: (messages, hasMore, people) =>
    `${messages.toLocaleString("id")}${hasMore ? "+" : ""} pesan dari ${people} orang`,
  partial: "Pesan yang lebih lama ada di perangkat Anda yang lain.",
  parts: {
    calls: () => "Untuk Anda",
    photos: () => "Foto",
    files: () => "Berkas",
    polls: () => "Jajak pendapat",
  },
  from: (name) => `Dari ${name}`,
  allRead: "Semua dibaca",
  allReadDone: (n) => `${n} pesan dibaca`,
  undo: "Urungkan",
  walk: (part) => `Telusuri: ${part}`,
  position: (at, of) => `${at} dari ${of}`,
  previous: (part) => `Sebelumnya: ${part}`,
  next: (part) => `Berikutnya: ${part}`,
  back: "Kembali ke tempat tadi",
  offline: "Yang berikutnya datang saat tersambung",
  rail: (n, calls) => `${n} pesan baru, ${calls} untuk Anda`,
};
