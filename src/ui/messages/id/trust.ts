/** Indonesian texts of the dialog about the server's root certificate. */

import type { TrustTexts } from "../en/trust.ts";

export const INDONESIAN_TRUST: TrustTexts = {
  allows: (name) =>
    `Dengan sertifikat root server ini, perangkat Anda membuka ${name} tanpa peringatan. Halaman ` +
    "ini lalu dapat menampilkan pemberitahuan dan dipasang sebagai aplikasi. Sertifikat ini " +
    "hanya berlaku untuk nama-nama server ini.",
  danger:
    "Pasang hanya jika Anda rela pemilik server ini mengelola perangkat Anda, dan hanya setelah " +
    "membandingkan SHA-256. Di perangkat yang tidak ingin Anda ubah, lanjutkan saja setelah " +
    "peringatan peramban.",
  download: "Unduh",
  sha256: "SHA-256, untuk dibandingkan dengan yang dilihat pemilik server",
  steps: (device) => `Langkah di ${device}`,
  command: "Atau jalankan perintah ini di komputer ini, lalu konfirmasi",
  restart: "Mulai ulang peramban.",
  check: "Periksa",
  checking: "Memeriksa…",
  works: "Berhasil: peramban ini memercayai server.",
  continueAt: (name) => `Lanjutkan di ${name}`,
  signInAgain:
    "Di sana Anda masuk dengan kata sandi. Jika belum punya, buat dahulu di pengaturan di sini.",
  missing: (name) =>
    `Belum: peramban ini tidak memercayai sertifikat, atau tidak menemukan ${name}. Untuk ` +
    "mengetahui yang mana, buka",
  missingHint:
    "Jika muncul peringatan, sertifikat belum terpasang atau peramban harus dimulai ulang. Jika " +
    "nama tidak ditemukan, perangkat atau jaringan ini tidak mendukungnya; tetaplah di sini.",
  missingHere:
    "Belum: peramban ini tidak memercayai sertifikat. Ikuti langkahnya, lalu mulai ulang peramban.",
  devices: {
    iPhone: [
      "Di Safari, ketuk Unduh, lalu Izinkan. Jika berkas ada di File, buka di sana.",
      "Di Pengaturan > Umum > VPN & Manajemen Perangkat, buka profil dan ketuk Pasang.",
      "Di Pengaturan > Umum > Mengenai > Pengaturan Kepercayaan Sertifikat, nyalakan sertifikat.",
    ],
    Android: [
      "Ketuk Unduh.",
      "Di Setelan, cari “Sertifikat CA”: Enkripsi & kredensial > Instal sertifikat.",
      "Pilih Sertifikat CA > Tetap instal, lalu berkas yang diunduh.",
      "Firefox: Pengaturan > Tentang Firefox, ketuk logo sampai menu debug diumumkan; lalu di " +
        "Secret Settings, nyalakan sertifikat CA pihak ketiga.",
    ],
    Windows: [
      "Unduh dan buka berkas, lalu pilih Instal Sertifikat > Pengguna Saat Ini.",
      "Simpan di penyimpanan “Otoritas Sertifikasi Akar Tepercaya”, lalu konfirmasi.",
    ],
    macOS: [
      "Unduh dan buka berkas, lalu tambahkan ke rantai kunci “masuk”.",
      "Di Akses Rantai Kunci, klik dua kali sertifikat, lalu pilih Selalu Percayai.",
    ],
    ChromeOS: [
      "Unduh berkas, lalu buka chrome://certificate-manager.",
      "Di Kustom > Diinstal oleh Anda, impor berkas sebagai sertifikat tepercaya.",
    ],
    Firefox: [
      "Di Windows dan macOS, Firefox memakai sertifikat sistem: ikuti langkah sistem itu.",
      "Di Linux, unduh berkas, lalu buka Pengaturan > Privasi & Keamanan > Lihat Sertifikat.",
      "Di Otoritas, impor berkas dan percayai untuk mengidentifikasi situs web.",
    ],
    Linux: [
      "Di Chrome atau Chromium, unduh berkas, lalu buka chrome://certificate-manager.",
      "Di Kustom > Diinstal oleh Anda, impor berkas sebagai sertifikat tepercaya.",
    ],
  },
};
