/** Questions and short answers in Indonesian. */

import type { HelpTexts } from "./help.ts";

export const HELP_ASK_ID = "Apa yang ingin Anda lakukan?";

export const HELP_ID: HelpTexts = {
  write: {
    title: "Menulis dan membaca",
    entries: {
      handIn: {
        question: "Bagaimana cara mengumpulkan tugas?",
        answer:
          "Buka ruang dengan pensil; hanya Anda dan moderatornya melihat apa yang Anda kirim di " +
          "sana. Tulis, atau lampirkan berkas dan foto, lalu kirim. Bilah di atas lalu berbunyi " +
          "**Terkumpul**.",
        words: "tugas PR esai kumpul serahkan unggah",
      },
      hand: {
        question: "Bagaimana cara mengangkat tangan?",
        answer:
          "Sentuh **Angkat tangan** di bilah di atas ruang; sekali lagi menurunkannya. Saat " +
          "giliran Anda tiba, semua di sekitarnya menjadi kuning.",
        words: "bicara giliran bertanya pelajaran panggil",
      },
      answerOne: {
        question: "Bagaimana cara membalas satu pesan?",
        answer:
          "Geser pesan itu ke samping, atau pilih **Balas** di menunya. Tulisan Anda lalu " +
          "menampilkan pesan itu di atasnya.",
        words: "balas kutip utas jawab",
      },
      media: {
        question: "Bagaimana cara mengirim foto, berkas, atau suara?",
        answer:
          "Sentuh **Lampirkan**, atau seret atau tempel berkas ke kolom tulis; satu pesan memuat " +
          "32. Untuk suara, sentuh mikrofon, bicara, lalu sentuh **Kirim**.",
        words: "gambar kamera lampiran audio mikrofon rekam dokumen unggah",
      },
      unsent: {
        question: "Mengapa pesan saya tidak terkirim?",
        answer:
          "Jam di sampingnya berarti pesan menunggu sambungan: pesan terkirim sekali, berurutan, " +
          "saat server kembali. Jika ditolak, alasan dan jalan keluarnya tertulis di bawahnya.",
        words: "menunggu jam luring gagal galat tertunda hilang",
      },
      findAgain: {
        question: "Bagaimana cara menemukan sesuatu lagi?",
        answer:
          "Cari dengan kata apa pun darinya, dalam urutan dan ejaan apa pun. Persempit dengan " +
          "`from:ana`, `in:math`, `since:yesterday`, atau `has:file`; tanda kutip menjaga frasa.",
        words: "cari pesan lama berkas riwayat",
      },
      missed: {
        question: "Apa yang saya lewatkan?",
        answer:
          "**Untuk Anda**, di atas daftar ruang, memuat yang memanggil Anda. Ruang terbuka di " +
          "pesan baru pertamanya; jika banyak, sebuah kartu menuntun Anda lewat sebutan, foto, " +
          "berkas, dan jajak pendapat.",
        words: "belum dibaca baru pergi kembali sebutan aktivitas",
      },
      quiet: {
        question: "Bagaimana cara menyenyapkan ruang?",
        answer:
          "Buka menunya, **Pemberitahuan…**, lalu pilih **Hanya sebutan** atau **Senyap**. " +
          "Jangan ganggu, di **Anda**, menyenyapkan semua ruang untuk beberapa waktu.",
        words: "bisukan diam berisik notifikasi ganggu suara mati",
      },
      whoReads: {
        question: "Siapa yang dapat membaca tulisan saya?",
        answer:
          "Anggota ruang, dan pengelola server; **Detail ruang** menyebut siapa. Ruang bergembok " +
          "terenkripsi: hanya perangkat anggotanya yang dapat membacanya.",
        words: "pribadi rahasia guru operator privasi lihat gembok terenkripsi",
      },
      unkind: {
        question: "Seseorang bersikap buruk. Apa yang bisa saya lakukan?",
        answer:
          "Pilih **Abaikan** di kartunya: Anda tidak lagi melihat tulisannya, dan dia tidak " +
          "mengetahuinya. Beri tahu moderator ruang, yang dapat melihat dan menghapus pesan.",
        words: "perundungan blokir abaikan hina ganggu lapor berhenti",
      },
      nameAndPicture: {
        question: "Bagaimana cara mengubah nama dan foto saya?",
        answer:
          "Sentuh wajah Anda, atau buka **Pengaturan**: **Nama tampilan** dan foto ada di sana. " +
          "Nama akun tetap; operator dapat mengubahnya.",
        words: "ganti nama tampilan avatar foto profil status",
      },
      sharedComputer: {
        question: "Bagaimana cara meninggalkan komputer bersama?",
        answer:
          "Keluar dengan kotak **Komputer bersama** dicentang: tidak ada milik Anda yang " +
          "tertinggal di peramban. Tanpa itu, orang berikutnya tetap memerlukan kata sandi Anda.",
        words: "keluar logout lupakan sekolah perpustakaan perangkat",
      },
      warning: {
        question: "Peramban memperingatkan tentang halaman ini. Boleh lanjut?",
        answer:
          "Ya, jika alamatnya sama dengan yang di kartu atau undangan Anda. Tidak ada perusahaan " +
          "yang menjamin komputer di jaringan pribadi.",
        words: "sertifikat tidak aman berbahaya pribadi keamanan",
        guide: "browser",
      },
      password: {
        question: "Saya lupa kata sandi, atau kehilangan kartu",
        answer:
          "Minta kode baru kepada operator, dan pilih **Saya punya kode** saat masuk. Tidak ada " +
          "yang dapat melihat kata sandi.",
        words: "masuk atur ulang kartu kode hilang",
        guide: "accounts",
      },
      newDevice: {
        question: "Bagaimana cara memakai ponsel atau komputer kedua?",
        answer:
          "Di perangkat lama pilih **Pengaturan**, **Tautkan perangkat baru**, lalu pindai " +
          "gambarnya dengan yang baru. Ruang terenkripsi diserahkan selama keduanya menyala.",
        words: "tautkan lain tambah perangkat sinkron laptop tablet ganti",
        guide: "accounts",
      },
      unreadable: {
        question: "Sebuah pesan tidak dapat dibaca perangkat ini. Apakah hilang?",
        answer:
          "Tidak. Buka ruang itu di perangkat yang dapat membacanya, dan biarkan keduanya " +
          "menyala sebentar: pesan itu diserahkan.",
        words: "terenkripsi dekripsi kunci hilang gembok perangkat",
        guide: "sealed",
      },
      leaveServer: {
        question: "Bagaimana cara pergi dan membawa pesan saya?",
        answer:
          "`chat export` menyimpan yang dapat Anda baca; lalu `chat unregister` menghapus " +
          "akunnya.",
        words: "hapus akun ekspor berhenti unduh data",
        guide: "accounts",
      },
      closedPage: {
        question: "Apakah saya diberi tahu saat halaman tertutup?",
        answer:
          "Hanya jika operator mengaktifkan push, yang lewat Internet, dan peramban memercayai " +
          "sertifikatnya. Aplikasi ntfy bekerja di dalam jaringan.",
        words: "push pemberitahuan notifikasi latar ponsel",
        guide: "bots",
      },
    },
  },
  teach: {
    title: "Mengajar",
    entries: {
      classIn: {
        question: "Bagaimana cara memasukkan kelas?",
        answer:
          "Simpan daftarnya sebagai CSV dan pilih **Impor daftar kelas**, atau `chat admin " +
          "accounts import class.csv --cards cards.html`. Rencana menyebut akibat setiap baris; " +
          "lalu cetak kartunya.",
        words: "murid siswa daftar excel csv kartu akun tambah",
        guide: "class",
      },
      assign: {
        question: "Bagaimana cara memberi tugas, dan batas waktunya?",
        answer:
          "Buat ruang sebagai tugas, atau `/join essay --assignment`: setiap anggota hanya " +
          "melihat karyanya sendiri dan pesan Anda. `/rules due 2026-11-30 18:00` menetapkan " +
          "batas waktunya.",
        words: "tugas PR tenggat batas waktu esai",
        guide: "class",
      },
      late: {
        question: "Bagaimana melihat siapa yang terlambat atau belum mengumpulkan?",
        answer:
          "Buka tugas itu dan pilih **Terkumpul**, ketik `/handed`, atau jalankan `chat handed " +
          "--room essay`. `/remind TEXT` menulis kepada semua yang belum.",
        words: "terlambat belum tenggat ingatkan keadaan kumpul",
      },
      collect: {
        question: "Bagaimana cara mengambil semua karya?",
        answer:
          "**Terkumpul** mengunduh semuanya sebagai satu zip; `chat handed --room essay --out " +
          "works` membuat satu folder per orang.",
        words: "unduh simpan berkas nilai koreksi",
      },
      callOn: {
        question: "Bagaimana cara memanggil seseorang?",
        answer:
          "Tangan tampil di bilah menurut urutan terangkat: panggil yang pertama dari sana. " +
          "`/call NAME` memanggil siapa pun; **Turunkan semua** mengakhirinya.",
        words: "tangan giliran pelajaran bicara berikutnya",
      },
      poll: {
        question: "Bagaimana cara menanyai kelas?",
        answer:
          "Pilih **Jajak pendapat…** di kolom tulis, atau ketik `/poll Question? | first | " +
          "second`. Suara tampil begitu masuk, dan **Tutup jajak pendapat** mengakhirinya. " +
          "**Hasil terlihat** menyembunyikan suara sampai orang memilih sendiri, atau sampai " +
          "akhir.",
        words: "suara survei pertanyaan kuis tanya jawaban",
      },
      onlyTeachers: {
        question: "Bagaimana menghentikan semua orang menulis untuk sementara?",
        answer:
          "**Detail ruang**, **Aturan**: hanya moderator boleh menulis, atau perlambat. `/mute " +
          "NAME 10m` membungkam satu orang.",
        words: "bungkam senyap lambat tenang berisik moderator",
      },
      deleteMessage: {
        question: "Bagaimana cara menghapus pesan?",
        answer:
          "Pilih hapus di menunya, atau `/erase NUMBER`. Pesan hilang bagi semua, dan log " +
          "mencatat bahwa Anda yang melakukannya.",
        words: "hapus moderasi hinaan",
      },
      remove: {
        question: "Seorang murid keluar dari kelas. Apa yang saya lakukan?",
        answer:
          "Keluarkan dia dari ruang lewat kartunya; yang sudah dikumpulkan tetap ada. Operator " +
          "menutup akunnya dengan `chat admin remove NAME`.",
        words: "keluarkan pindah anggota akun tutup",
      },
      newYear: {
        question: "Bagaimana memulai tahun ajaran baru?",
        answer:
          "Satu daftar mengganti nama ruang, menaikkan kelas, dan menutup akun yang pergi; " +
          "`--dry-run` menampilkan rencananya. Nama lama tidak pernah menerima murid baru.",
        words: "tahun ganti nama kelas naik lulus",
        guide: "class",
      },
      pupilPassword: {
        question: "Seorang murid lupa kata sandinya",
        answer:
          "Pilih orangnya di daftar akun, **Atur ulang kata sandi**, atau `chat admin reset " +
          "NAME`: tunjukkan gambar atau kode kepadanya saja. Berlaku sekali.",
        words: "atur ulang kartu kode masuk hilang",
        guide: "accounts",
      },
      excel: {
        question: "Daftar saya dari Excel, atau dengan aksara lain",
        answer:
          'Simpan sebagai "CSV UTF-8". Nama dengan aksara apa pun menjadi nama tampilan, dan ' +
          "kolom `id` dengan nomor induk membedakan orang yang bernama sama.",
        words: "csv aksara arab cina nama daftar impor",
        guide: "class",
      },
      alike: {
        question: "Dua orang bernama sama atau mirip",
        answer:
          "Nama yang tampak mirip ditolak saat yang kedua dibuat. Beri nomor induk di kolom " +
          "`id`, atau tambahkan inisial.",
        words: "ganda kembar mirip nama ditolak dipakai",
        guide: "class",
      },
      announce: {
        question: "Bagaimana memberi tahu semua orang?",
        answer:
          "**Umumkan** menampilkannya kepada semua yang ada dan yang datang, sampai Anda " +
          "menariknya; begitu pula `chat admin announce TEXT`. `@everyone` memanggil anggota " +
          "satu ruang.",
        words: "pengumuman siaran semua pesan",
      },
    },
  },
  run: {
    title: "Menjalankan server",
    entries: {
      letIn: {
        question: "Bagaimana orang bisa masuk?",
        answer:
          "`chat serve` menampilkan alamat halaman dan kata sandi. Tombol `i`, **Undang " +
          "orang**, atau `chat admin invite`, membuat tautan dan gambar untuk dipindai bagi " +
          "satu orang atau lebih.",
        words: "undang gabung alamat tautan kata sandi pendaftaran akses",
        guide: "serving",
      },
      operator: {
        question: "Bagaimana saya menjadi operator?",
        answer:
          "Buka tautan operator yang ditampilkan `chat serve` di awal, atau jalankan `chat admin " +
          "grant NAME` di mesin server.",
        words: "admin pengelola hak pemilik",
        guide: "serving",
      },
      notOpening: {
        question: "Halaman tidak terbuka di ponsel",
        answer:
          "Hubungkan ponsel ke Wi-Fi server, bukan data seluler. Banyak jaringan sekolah dan " +
          "tamu melarang perangkat saling menghubungi; `chat doctor` mencari sebabnya.",
        words: "sambung jaringan wifi tidak terjangkau firewall tamu",
        guide: "troubleshooting",
      },
      ports: {
        question: "Porta mana yang dipakai, dan apa yang pergi ke Internet?",
        answer:
          "Porta 2428, TCP dan UDP, dan UDP 5353 agar ditemukan di jaringan. Tidak ada yang " +
          "pergi ke Internet kecuali Anda mengaktifkan push atau proksi; tidak ada telemetri.",
        words: "firewall port nat telemetri buka teruskan",
      },
      back: {
        question: "Bagaimana mencadangkan dan memulihkan?",
        answer:
          "`chat backup DIR` selagi server berjalan; `chat restore DIR` ke folder kosong. " +
          "Keduanya memeriksa yang disalin.",
        words: "cadangan salin pulihkan hilang disk pindah",
        guide: "backup",
      },
      moved: {
        question: "Alamat server berubah",
        answer:
          "Program di jaringan yang sama menemukannya lagi lewat sidik jarinya. Kartu dan tautan " +
          "memuat alamat: cetak lagi, atau beri mesin itu alamat tetap.",
        words: "ip berubah alamat pindah dhcp kartu tautan",
      },
      disk: {
        question: "Disk hampir penuh",
        answer:
          "Server lalu hanya menerima pesan dari operator, dan tanpa berkas; tidak ada yang " +
          "hilang. `chat admin files` mendaftar yang terbesar; pesan lama dapat kedaluwarsa.",
        words: "ruang penyimpanan penuh kuota hapus berkas retensi",
        guide: "serving",
      },
      upgrade: {
        question: "Bagaimana memperbarui, dan bisakah kembali?",
        answer:
          "Hentikan server, ganti berkasnya, jalankan. Dua versi bertetangga dapat bekerja sama; " +
          "panduan memuat jalan kembali.",
        words: "pembaruan versi baru rilis turun",
        guide: "backup",
      },
      serviceAtBoot: {
        question: "Bagaimana menjalankannya bersama mesin?",
        answer:
          "Panduan memuat unit untuk systemd, juga untuk kontainer. Beri folder sendiri dengan " +
          "`--data`.",
        words: "systemd layanan boot daemon docker kontainer otomatis",
        guide: "serving",
      },
      proxy: {
        question: "Bagaimana menaruhnya di belakang proksi atau sertifikat resmi?",
        answer:
          "Panduan memuat blok untuk nginx, Caddy, haproxy, dan Apache. Beri server sertifikat " +
          "proksi dengan `--proxy-cert`.",
        words: "nginx caddy apache haproxy tls sertifikat https domain",
        guide: "certificates",
      },
      otherNetworks: {
        question: "Ponsel dan server berada di jaringan berbeda",
        answer:
          "Pakai alamat atau undangan, dan biarkan perute meneruskan porta 2428, TCP dan UDP, ke " +
          "server. Di belakang NAT jalankan dengan `--public NAME`.",
        words: "perute nat subnet vlan internet luar teruskan porta",
        guide: "troubleshooting",
      },
      howMany: {
        question: "Berapa orang dapat memakai satu mesin?",
        answer: "Ribuan; hasil pengukuran ada di bench/performance.md.",
        words: "kapasitas batas pengguna skala besar sekolah",
      },
      systems: {
        question: "Apakah berjalan di Windows, macOS, dan ponsel?",
        answer:
          "Program berjalan di Linux, macOS, dan Windows; ponsel dan tablet memakai halaman. " +
          "Setiap versi diuji di Linux x64; yang lain dicoba dengan emulasi.",
        words: "platform mac android ios iphone arm raspberry",
        guide: "install",
      },
      renewed: {
        question: "Sertifikat diperbarui, dan orang melihat peringatan",
        answer: "Beri server sertifikat proksi dengan `--proxy-cert`.",
        words: "sidik jari berubah peringatan identitas tls",
        guide: "certificates",
      },
      audited: {
        question: "Mengapa memercayai program yang belum diaudit siapa pun?",
        answer:
          "Jangan, untuk rahasia yang mempertaruhkan nyawa. Tidak ada telemetri, build dapat " +
          "direproduksi, dan panduan menyebut apa yang masih terbuka.",
        words: "keamanan audit aman percaya sumber terbuka",
        guide: "security",
      },
      proof: {
        question: "Bagaimana membuktikan bahwa tidak ada yang diubah?",
        answer:
          "`chat verify` memeriksa riwayat server, dan `chat verify --data DIR` foldernya. Saksi " +
          "menyimpan titik periksa yang tidak dapat diubah server.",
        words: "rusak audit verifikasi merkle saksi keutuhan",
        guide: "proofs",
      },
      importOld: {
        question: "Bisakah membawa riwayat dari obrolan lain?",
        answer:
          "Ya, dari Slack, Mattermost, Discord, dan versi terdahulu: `chat import FILE --room " +
          "ROOM` ke ruang tersendiri.",
        words: "slack mattermost discord pindah impor ekspor",
        guide: "history",
      },
    },
  },
  terminal: {
    title: "Di terminal",
    entries: {
      go: {
        question: "Bagaimana pindah ke ruang atau orang lain?",
        answer:
          "`Ctrl-K` dan beberapa huruf namanya; `Enter` membuka yang pertama. `Alt-1` sampai " +
          "`Alt-0` membuka sepuluh yang pertama, `/join ROOM` dan `/msg NAME` mana pun.",
        words: "pindah ganti buka lompat ruang percakapan",
        guide: "screen",
      },
      readOn: {
        question: "Bagaimana membaca yang baru?",
        answer:
          "`Alt-I` membuka kotak masuk. `Space` di baris kosong membaca terus, halaman demi " +
          "halaman, ruang demi ruang; `Alt-N` menuju pesan berikutnya untuk Anda.",
        words: "belum dibaca terlewat kotak masuk baru sebutan",
        guide: "screen",
      },
      newLine: {
        question: "Bagaimana menulis beberapa baris?",
        answer:
          "`Alt-Enter` memulai baris baru; teks yang ditempel mempertahankan barisnya. `Enter` " +
          "mengirim.",
        words: "baris baru tempel penyunting",
        guide: "screen",
      },
      correct: {
        question: "Bagaimana membetulkan atau menghapus kiriman saya?",
        answer:
          "`/edit TEXT` mengganti pesan terakhir Anda, dan `/erase` menghapusnya, keduanya bagi " +
          "semua.",
        words: "sunting ubah salah ketik betulkan hapus terakhir",
      },
      reactReply: {
        question: "Bagaimana membalas pesan atau memberi reaksi?",
        answer:
          "Pilih dengan `Alt-S` dan panah, lalu `r` atau `+`. `/reply NUMBER TEXT` dan `/react " +
          "EMOJI NUMBER` melakukan hal yang sama.",
        words: "jawab kutip utas emoji pilih reaksi",
      },
      sendFiles: {
        question: "Bagaimana mengirim dan menerima berkas?",
        answer:
          "`/send PATH` di ruang, atau `chat send-file PATH --to @ana` di shell. `/get NUMBER` " +
          "dan `chat get-file` menyimpannya.",
        words: "unggah unduh lampirkan jalur folder simpan",
        guide: "files",
      },
      oneFile: {
        question: "Bagaimana memberi satu berkas kepada orang tanpa akun?",
        answer: "`chat share PATH` mencetak kode; pihak lain menjalankan `chat receive CODE`.",
        words: "kode transfer bagikan terima",
        guide: "files",
      },
      script: {
        question: "Bagaimana mengirim dari skrip?",
        answer:
          "`chat send --to ROOM TEXT`, atau baris di masukannya. Setiap perintah mencetak satu " +
          "objek JSON per baris dengan `--json`, dan kode keluarnya menyebut hasilnya.",
        words: "cron bot pipa otomatis json webhook ci",
        guide: "scripting",
      },
      statusBar: {
        question: "Bagaimana melihat yang baru di bilah status?",
        answer:
          "`chat inbox --count` mencetak `3@ 230`: 3 untuk Anda, 230 belum dibaca. Kode " +
          "keluarnya 4 jika tidak ada.",
        words: "tmux prompt bilah jumlah belum dibaca",
      },
      searchTerminal: {
        question: "Bagaimana mencari?",
        answer:
          "`Ctrl-F` atau `/search WORDS` di layar penuh, `chat search WORDS` di shell: semua " +
          "kata, dalam urutan dan ejaan apa pun. `chat history --grep TEXT` mencari bagian apa " +
          "adanya.",
        words: "cari riwayat pesan",
        guide: "history",
      },
      readerOrPlain: {
        question: "Bagaimana memakainya dengan pembaca layar atau terminal sederhana?",
        answer:
          "`chat join --plain` mencetak baris demi baris dan tidak menggambar ulang. `/set` " +
          "menampilkan pengaturan layar penuh.",
        words: "aksesibilitas tunanetra braille mode baris",
        guide: "talking",
      },
      identity: {
        question: "Mengapa disebut bahwa identitas server berubah?",
        answer:
          "Mesin lain menjawab, atau server kehilangan foldernya. Jangan masukkan kata sandi, " +
          "dan tanyakan kepada pengelolanya.",
        words: "sidik jari peringatan percaya",
        guide: "accounts",
      },
      garbled: {
        question: "Karakternya tampak salah",
        answer:
          "`chat doctor` memeriksa lokal dan terminal; `chat join --plain` memakai mode baris.",
        words: "unicode utf-8 fon pengodean kotak tanda tanya",
      },
      withoutServer: {
        question: "Bagaimana mengobrol tanpa server?",
        answer:
          "`chat lan` di setiap mesin dalam satu jaringan. Tidak ada yang disimpan, dan siapa " +
          "pun di jaringan dapat membacanya.",
        words: "lan multicast tanpa server luring pesta",
        guide: "lan",
      },
    },
  },
};
