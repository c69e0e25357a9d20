/** Indonesian texts of printed cards, and the instructions of docs/card.md. */

import { cardDay } from "../../../base/card-day.ts";
import type { CardTexts } from "../../../core/people/cards.ts";

export const INDONESIAN_CARDS: CardTexts = {
  lang: "id",
  cardScan: "Pindai gambarnya. Atau buka",
  cardType: ", pilih “Saya punya kode”, lalu ketik:",
  cardWarning: "Peramban memperingatkan sekali. Di alamat ini, lanjutkan.",
  cardThen: "Pilih kata sandi dan catatlah. Setelah itu, masuk dengan nama",
  cardPassword: "dan kata sandi Anda.",
  cardTerminal: "Di terminal:",
  cardUntil: (unixMs) => `Berlaku sampai ${cardDay("id", unixMs)}, satu kali.`,
  guide: {
    title: "Cara memakai chat",
    steps: (network, address) => [
      `**Sambungkan** ke Wi-Fi: ${network}`,
      `**Pindai kartu Anda.** Atau buka ${address} di peramban, pilih **Saya punya kode**, lalu ` +
        "ketik kode di kartu Anda.",
      "Peramban **memperingatkan sekali**. Jika alamatnya sama dengan yang di atas, lanjutkan. " +
        "Chrome: *Lanjutan*, *Lanjutkan ke …*. Safari: *Tampilkan Detail*, *kunjungi situs web " +
        "ini*. Firefox: *Lanjut…*, *Terima Risiko dan Lanjutkan*.",
      "**Pilih kata sandi** yang tidak dipakai di tempat lain, lalu catatlah.",
      "**Selanjutnya**, buka alamatnya, lalu isi nama di kartu Anda dan kata sandi Anda.",
    ],
    columns: ["untuk", "lakukan"],
    rows: [
      ["menulis", "ketik, lalu ketuk panahnya (di komputer: Enter; Shift-Enter untuk baris baru)"],
      ["mengirim foto atau berkas", "**+**, atau seret ke halaman"],
      ["membalas", "panah di samping pesan; di ponsel, geser pesan ke kanan"],
      ["menulis kepada satu orang", "klik namanya, lalu *Kirim pesan ke …*"],
      ["mengangkat tangan", "**+**, lalu *Angkat tangan*; atau ketik `/hand`"],
      ["memberi suara", "klik salah satu jawaban"],
      [
        "mengumpulkan tugas",
        "buka ruang tugas, tulis atau kirim berkas di sana: hanya Anda dan guru yang melihatnya",
      ],
      ["mencari", "*Cari apa saja*, atau kaca pembesar di ruang"],
      ["memperbaiki atau menghapus", "menu (…) di samping pesan Anda"],
    ],
    notes: (host) => [
      "**Kartu atau kata sandi hilang?** Minta kode baru kepada guru. **Kodenya ditolak?** " +
        "Spasi, tanda hubung dan huruf besar tidak berpengaruh. Kode hanya dapat dipakai " +
        "satu kali, dan kartu yang lebih baru menggantikannya.",
      "**Halaman tidak terbuka?** Apakah Anda di Wi-Fi di atas, dan data seluler mati? Jika " +
        'tidak terbuka bagi siapa pun, Wi-Fi mungkin memisahkan perangkat ("client ' +
        'isolation"): beri tahu guru.',
      "**Siapa yang dapat membaca?** Semua orang di ruang itu, dan pengelola server. Bersikaplah " +
        "baik.",
      `**Di terminal:** jalankan \`chat login ${host}\`, lalu isi nama di kartu Anda dan kodenya.`,
    ],
  },
};
