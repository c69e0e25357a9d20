import { sentencesOf } from "./sentences.ts";

/** What slash commands do: for help and for Tab. */
const SUMMARIES = {
  "enter a room, or make it, open or sealed":
    "masuk ke ruang, atau membuatnya, terbuka atau tersegel",
  "seal a conversation: from then on only your devices and theirs can read it":
    "menyegel percakapan: sejak itu hanya perangkat Anda dan dia yang dapat membacanya",
  "show whose devices can read this sealed room":
    "menampilkan perangkat siapa yang dapat membaca ruang tersegel ini",
  "show digits to compare with someone by voice, confirm them, or accept a new key":
    "tampilkan angka untuk dicocokkan lewat suara, sahkan, atau terima kunci baru",
  "the sealed room '{}' is yours; let others in: /invite NAME":
    "ruang tersegel '{}' milik Anda; ajak yang lain: /invite NAME",
  "what you and {} write from now on only your devices can read":
    "yang Anda dan {} tulis mulai sekarang hanya dapat dibaca perangkat Anda berdua",
  "this room is not sealed: the server's operators can read it":
    "ruang ini tidak tersegel: operator server dapat membacanya",
  "what this device kept of sealed rooms was an older copy: it came in anew":
    "simpanan ruang tersegel di perangkat ini salinan lama: perangkat masuk kembali",
  "what this device kept of sealed rooms was lost or damaged: it came in anew":
    "simpanan ruang tersegel di perangkat ini hilang atau rusak: perangkat masuk kembali",
  "the server's disk is nearly full: {} free; below {} files are refused":
    "cakram server hampir penuh: {} kosong; di bawah {} berkas ditolak",
  "the server's disk is full: {} free; files are refused until {} are":
    "cakram server penuh: {} kosong; berkas ditolak sampai {} kosong",
  "the server's disk has room again: {} free": "cakram server lapang lagi: {} kosong",
  "{} does not answer; connected to {}, another machine of the same server":
    "{} tidak menjawab; tersambung ke {}, mesin lain dari server yang sama",
  "leave a room": "keluar dari ruang",
  "show or set what the room is about": "tampilkan atau ubah topik ruang",
  "list the people of a room": "daftar orang di ruang",
  "list who is online": "daftar yang sedang daring",
  "list the rooms and your conversations": "daftar ruang dan percakapan Anda",
  "send a message to one person; without TEXT, open the conversation":
    "kirim pesan ke satu orang; tanpa TEXT, buka percakapannya",
  "say what you are doing": "katakan apa yang sedang Anda lakukan",
  "answer a message; without its number, the last one of another user here":
    "jawab sebuah pesan; tanpa nomornya, pesan terakhir orang lain di sini",
  "react to a message with one emoji": "beri reaksi satu emoji pada sebuah pesan",
  "hide the messages of a user, on all your devices":
    "sembunyikan pesan seseorang, di semua perangkat Anda",
  "show the messages of a user again": "tampilkan lagi pesan seseorang",
  "hide who comes and goes, on this device":
    "sembunyikan siapa yang datang dan pergi, di perangkat ini",
  "list the users that you ignore": "daftar orang yang Anda abaikan",
  "keep a message for later; without its number, the last one of another user here":
    "simpan pesan untuk nanti; tanpa nomornya, pesan terakhir orang lain di sini",
  "take a message out of those that you saved": "hapus pesan dari yang Anda simpan",
  "show the messages that you saved": "tampilkan pesan yang Anda simpan",
  "make a line that lets one person in": "buat undangan untuk satu orang",
  "remove a user from the room": "keluarkan seseorang dari ruang",
  "let a user read but not write here, for 10m, 2h or 7d":
    "bisukan seseorang di sini, selama 10m, 2h, atau 7d",
  "let a muted user write again": "izinkan yang dibisukan menulis lagi",
  "keep a user (or an address) off the server; for operators":
    "blokir seseorang (atau sebuah alamat) dari server; untuk operator",
  "make a user a moderator of the room": "jadikan seseorang moderator ruang",
  "take the moderation of the room from a user": "cabut moderasi ruang dari seseorang",
  "change your last message here": "ubah pesan terakhir Anda di sini",
  "erase a message; without its number, your last one here":
    "hapus sebuah pesan; tanpa nomornya, pesan terakhir Anda di sini",
  "pin a message; without its number, the last one of another user here":
    "sematkan sebuah pesan; tanpa nomornya, pesan terakhir orang lain di sini",
  "take a message out of those that are pinned": "lepas sematan sebuah pesan",
  "show what is pinned where you are": "tampilkan yang disematkan di sini",
  "nothing is pinned here": "tidak ada yang disematkan di sini",
  "let authors here see who has read; in a conversation, if both want it":
    "izinkan penulis di sini melihat siapa yang membaca; dalam percakapan, bila keduanya mau",
  "show who has read your message; without its number, your last one here":
    "tampilkan siapa yang membaca pesan Anda; tanpa nomornya, pesan terakhir Anda di sini",
  "read by {} of {}{}": "dibaca oleh {} dari {}{}",
  "send a file or folder, here or to a room or @person, and what to say with it":
    "kirim berkas atau folder, ke sini atau ke ruang atau @orang, dengan keterangannya",
  "change what is said with your file; without TEXT, nothing is":
    "ubah keterangan berkas Anda; tanpa TEXT, keterangannya dihapus",
  "take a file by its id or name; without DIR, to the folder in which you started chat":
    "ambil berkas menurut id atau namanya; tanpa DIR, ke folder tempat chat dijalankan",
  "list the last files of where you are": "daftar berkas terakhir di sini",
  "show the last N messages of where you are": "tampilkan N pesan terakhir di sini",
  "find messages where you are": "cari pesan di sini",
  "make an account": "buat akun",
  "log in to your account": "masuk ke akun Anda",
  "log out and stay connected; chat logout also forgets this device":
    "keluar dari akun dan tetap tersambung; chat logout juga melupakan perangkat ini",
  "change your password (asked, or CHAT_NEW_PASSWORD)":
    "ganti kata sandi (ditanyakan, atau CHAT_NEW_PASSWORD)",
  "show or change a setting of the full screen": "tampilkan atau ubah setelan layar penuh",
  "hear a room or @person on this device, or not":
    "dengarkan ruang atau @orang di perangkat ini, atau tidak",
  "you hear all": "tidak ada yang dibungkam",
  "muted here: {}": "dibungkam di sini: {}",
  "{} neither rings nor counts on this device":
    "{} tidak berbunyi dan tidak dihitung di perangkat ini",
  "you hear {} again": "{} terdengar lagi",
  "{} is muted by the setting 'muted', which stays: see /set muted":
    "{} dibungkam oleh setelan 'muted', yang tetap berlaku: lihat /set muted",
  "you are in no room '{}'": "Anda tidak berada di ruang '{}'",
  "show what the connection has carried": "tampilkan apa yang lewat di sambungan",
  "show this, or what one command does": "tampilkan ini, atau kegunaan satu perintah",
  "leave the program": "keluar dari program",
};

/** What commands answer and ask. */
const ANSWERS = {
  "there is no room '{word}'; create it?": "tidak ada ruang '{word}'; buat?",
  "there is no room '{word}'; create it, sealed?": "tidak ada ruang '{word}'; buat, tersegel?",
  "there is no room '{word}'; create it, locked with the password '{}'?":
    "tidak ada ruang '{word}'; buat, terkunci dengan kata sandi '{}'?",
  "seal the conversation with {word}? it cannot be undone":
    "segel percakapan dengan {word}? ini tidak dapat dibatalkan",
  "the conversation with {word} is not sealed": "percakapan dengan {word} tidak disegel",
  "the message is empty": "pesannya kosong",
  "write some text": "tulis sesuatu",
  "the rooms are still loading": "ruang-ruang masih dimuat",
  "press Enter again in a moment": "tekan Enter lagi sebentar lagi",
  "the room '{}' did not exist; you made it": "ruang '{}' belum ada; Anda membuatnya",
  "done: {}": "selesai: {}",
  "sent to {word}": "terkirim ke {word}",
  "'{}' was sent to {word}": "'{}' terkirim ke {word}",
  "you are back in {word}": "Anda kembali di {word}",
  "you left {word}": "Anda keluar dari {word}",
  "no topic": "tidak ada topik",
  "online: {}": "daring: {}",
  "rooms: {}; conversations: {}": "ruang: {}; percakapan: {}",
  "rooms: {}": "ruang: {}",
  "you are logged out; /login NAME comes back in":
    "Anda sudah keluar dari akun; /login NAME untuk masuk lagi",
  "New password": "Kata sandi baru",
  "Repeat it": "Ulangi",
  "Current password (empty if there is none)": "Kata sandi saat ini (kosongkan jika belum ada)",
  "New password for {word} on {word}": "Kata sandi baru untuk {word} di {word}",
  "a new password needs at least 8 characters; choose a longer one":
    "kata sandi baru minimal 8 karakter; pilih yang lebih panjang",
  "the two passwords differ; type them again": "kedua kata sandi berbeda; ketik lagi",
  "Password of room {word} on {word}": "Kata sandi ruang {word} di {word}",
  "Password for {word} on {word}": "Kata sandi untuk {word} di {word}",
  "Not that one. Password of room {word} on {word}": "Bukan itu. Kata sandi ruang {word} di {word}",
  "Not that one. Password for {word} on {word}": "Bukan itu. Kata sandi untuk {word} di {word}",
  "your password is changed": "kata sandi Anda sudah diganti",
  "// at the start sends a slash": "// di awal mengirim garis miring",
  "nothing was found": "tidak ada yang ditemukan",
  "you do not see any more who comes and goes; /quiet off shows it again":
    "Anda tidak lagi melihat siapa yang datang dan pergi; /quiet off menampilkannya lagi",
  "you see who comes and goes": "Anda melihat siapa yang datang dan pergi",
  "saved: see /saved": "tersimpan: lihat /saved",
  "not saved any more": "tidak disimpan lagi",
  "nothing is saved: see /save": "belum ada yang disimpan: lihat /save",
  "not to be read here any more: {}": "tidak dapat dibaca di sini lagi: {}",
  "there is no message {} here": "tidak ada pesan {} di sini",
  "give its number as --json and history show it, in its room":
    "berikan nomornya seperti pada --json dan history, di ruangnya",
  "{} is not saved": "{} tidak disimpan",
  "nothing was said here yet": "belum ada yang ditulis di sini",
  "you ignore no one": "Anda tidak mengabaikan siapa pun",
  "ignored: {}": "diabaikan: {}",
  "you ignore {word}": "Anda mengabaikan {word}",
  "you hear {word} again": "pesan {word} tampil lagi",
  "send one person this line:": "kirim baris ini ke satu orang:",
  "send {word} this line:": "kirim baris ini ke {word}:",
  "{word} is banned": "{word} diblokir",
  "you are {word}": "Anda adalah {word}",
  "files are on the way; Ctrl-C stops that, to be gone on with later":
    "berkas masih di jalan; Ctrl-C menghentikannya, untuk dilanjutkan nanti",
  "there are no files here": "tidak ada berkas di sini",
  files: "berkas",
  copied: "tersalin",
  "too long to copy": "terlalu panjang untuk disalin",
  "{word} is offline; it will be delivered later": "{word} sedang luring; akan disampaikan nanti",
  "{word} is offline; it will be there when they come":
    "{word} sedang luring; akan ada di sana saat mereka datang",
  "{} is here, from {}": "{} sudah di sini, dari {}",
  "left out: {}": "tidak disertakan: {}",
  "{}: {} is called {} here": "{}: {} di sini bernama {}",
  "{}: and {} more have other names here": "{}: dan {} lagi bernama lain di sini",
};

/** What is wrong, and what to do about it. */
const FAULTS = {
  "that is not how it is used": "cara pakainya bukan begitu",
  "write /{}": "tulis /{}",
  "there is no command '{}'": "tidak ada perintah '{}'",
  "see /help": "lihat /help",
  "did you mean {word}? see /help": "maksud Anda {word}? lihat /help",
  "did you mean {word}?": "maksud Anda {word}?",
  "/join knows no '{}'": "/join tidak mengenal '{}'",
  "a room's password cannot begin with --, and rooms are not sealed in this version":
    "kata sandi ruang tidak boleh diawali --, dan ruang tidak disegel di versi ini",
  "there is no new password": "kata sandi baru belum diberikan",
  "set CHAT_NEW_PASSWORD": "tetapkan CHAT_NEW_PASSWORD",
  "no other user has written here yet": "belum ada orang lain yang menulis di sini",
  "give the message's number, as --json and history show it":
    "berikan nomor pesannya, seperti di --json dan history",
  "you have said nothing here yet": "Anda belum menulis apa pun di sini",
  "give its number": "berikan nomornya",
  "'{}' is no room or person": "'{}' bukan ruang atau orang",
  "put a path with spaces between quotes": "tulis path yang berspasi di antara tanda kutip",
  "a quote is not closed": "tanda kutip belum ditutup",
  "close it": "tutuplah",
  "there is no file '{}' here": "tidak ada berkas '{}' di sini",
  "there is no file '{}'": "tidak ada berkas '{}'",
  "there is no file {} here": "tidak ada berkas {} di sini",
  "file {} is not yours": "berkas {} bukan milik Anda",
  "change your own": "ubah milik Anda sendiri",
  "--caption has no text": "--caption tidak punya teks",
  "write it behind --caption": "tulis di belakang --caption",
  "what is said with a file has at most {}": "keterangan berkas paling banyak {}",
  "send the text as a message": "kirim teksnya sebagai pesan",
  "this server is too old to keep what is said with a file: send it as a message":
    "server ini terlalu lama untuk menyimpan keterangan berkas: kirim sebagai pesan",
  "/files lists them": "/files menampilkan daftarnya",
  "list them: chat files, or /files": "lihat daftarnya: chat files, atau /files",
  "{word} files here are named '{}'": "{word} berkas di sini bernama '{}'",
  "take one by its id, newest first: {}": "ambil menurut id, terbaru dahulu: {}",
  "the message is empty": "pesannya kosong",
  "write some text": "tulis sesuatu",
  "an empty text says nothing": "teks kosong tidak mengatakan apa-apa",
  "the text is not valid UTF-8": "teks ini bukan UTF-8 yang sah",
  "send up to 65536 bytes of UTF-8": "kirim paling banyak 65536 byte UTF-8",
  "a text has at most {} bytes, not {}": "teks paling banyak {} byte, bukan {}",
  "send it in parts, or as a file": "kirim sebagian-sebagian, atau sebagai berkas",
  "a reaction has at most {} bytes": "reaksi paling banyak {} byte",
  "use one emoji or a short word": "pakai satu emoji atau kata pendek",
  "no room is open": "tidak ada ruang yang terbuka",
  "enter one: /join ROOM": "masuklah ke salah satu: /join ROOM",
  "there is no connection now": "sekarang tidak ada sambungan",
  "there is no connection at the moment": "saat ini tidak ada sambungan",
  "you are not logged in": "Anda belum masuk",
  "log in first": "masuklah dahulu: /login NAME",
  "try again": "coba lagi",
  "a log-in is under way": "Anda sedang masuk",
  "wait until it has ended": "tunggu sampai selesai",
  "standard input is the conversation here": "masukan standar di sini adalah percakapan",
  "name a file": "sebutkan sebuah berkas",
  "{word} files are on the way": "{word} berkas sedang di jalan",
  "wait for one of them": "tunggu salah satunya",
  "'{}' is no folder": "'{}' bukan folder",
  "name the folder in which files are to stand": "sebutkan folder untuk berkas-berkas itu",
  "a path is empty": "path kosong",
  "write . for this folder": "tulis . untuk folder ini",
  "there is no '{}'": "tidak ada '{}'",
  "check the name": "periksa namanya",
  "{} may not be read or written": "{} tidak boleh dibaca atau ditulis",
  "'{}' is no length of time": "'{}' bukan lama waktu",
  "write 30s, 10m, 2h or 7d": "tulis 30s, 10m, 2h, atau 7d",
  "'{}' is too short or too long": "'{}' terlalu singkat atau terlalu lama",
  "write one from {} to {}": "tulis dari {} sampai {}",
  "'{}' cannot be a room's name": "'{}' tidak dapat menjadi nama ruang",
  "'{}' cannot be a person's name": "'{}' tidak dapat menjadi nama orang",
  "'{}' is reserved: nobody can be called that": "'{}' dicadangkan: tidak boleh dipakai",
  "choose another name": "pilih nama lain",
  "choose another name, as in {}": "pilih nama lain, misalnya {}",
  "use 1 to 32 letters, digits, - or _, not only digits":
    "pakai 1 sampai 32 huruf, angka, - atau _, tidak hanya angka",
  "see chat --help": "lihat /help",
  "unknown setting '{}'": "setelan '{}' tidak dikenal",
  "/set shows all of them": "/set menampilkan semuanya",
  "'{}' has no value of its own": "'{}' tidak punya nilai sendiri",
  "as in /set {}": "seperti /set {}",
  "{word} is on or off, not '{}'": "{word} itu on atau off, bukan '{}'",
  "{word} is one of {}, not '{}'": "{word} itu salah satu dari {}, bukan '{}'",
  "two machines use copies of one device's folder":
    "dua mesin memakai salinan folder satu perangkat",
  "on one of them set another CHAT_HOME, and link it: chat link-device; or wait an hour":
    "di salah satunya pakai CHAT_HOME lain, lalu: chat link-device; atau tunggu satu jam",
  "/set {}: {} is no colour": "/set {}: {} bukan warna",
};

/** Of sealed rooms. */
const SEALED = {
  "/sealed knows no '{}'": "/sealed tidak mengenal '{}'",
  "sealed; this device is {}": "tersegel; perangkat ini {}",
  "{word} is let in with {} device": "{word} diajak masuk dengan {} perangkat",
  "{word} is let in with {} devices": "{word} diajak masuk dengan {} perangkat",
  "{word} is let in with {} device; {} more when they have connected":
    "{word} diajak masuk dengan {} perangkat; {} lagi setelah tersambung",
  "{word} is let in with {} devices; {} more when they have connected":
    "{word} diajak masuk dengan {} perangkat; {} lagi setelah tersambung",
  "{word} is let in with {} device{}": "{word} diajak masuk dengan {} perangkat{}",
  "ask the server's owner": "tanya pemilik server",
  "accepted: this device goes on here": "diterima: perangkat ini lanjut di sini",
  "a room's password cannot begin with --; a sealed room: /join ROOM --sealed":
    "kata sandi ruang tidak boleh diawali --; ruang tersegel: /join ROOM --sealed",
  "{word} is verified": "{word} sudah dicocokkan",
  "if {word} sees the same: {}": "jika {word} melihat yang sama: {}",
  "{word}'s identity key has changed": "kunci identitas {word} berubah",
  "compare with chat verify-user {word}, then --accept":
    "cocokkan dengan chat verify-user {word}, lalu --accept",
  "{word}'s identity key has changed: confirm those that {word} sees":
    "kunci identitas {word} berubah: sahkan angka yang {word} lihat",
  "{word}'s identity key has changed: compare with {}, then --accept":
    "kunci identitas {word} berubah: cocokkan dengan {}, lalu --accept",
  "the key that was seen last of {word}, or is seen next, is taken for theirs":
    "kunci {word} yang terakhir terlihat, atau yang berikutnya, dianggap miliknya",
  "this room is sealed already": "ruang ini sudah tersegel",
  "{word} cannot be let in: {}": "{word} tidak dapat diajak masuk: {}",
  "compare the clocks: this machine says {}": "cocokkan jam: menurut mesin ini {}",
  "ask them to update their program": "minta dia memperbarui programnya",
  "the server gave keys of another user for {word}": "server memberi kunci orang lain untuk {word}",
  "no device of {word} is in '{}'": "tidak ada perangkat {word} di '{}'",
  "let them in first: /invite {word}": "ajak masuk dulu: /invite {word}",
  "'{}' keeps somebody who lets others in": "'{}' harus punya seseorang yang mengajak masuk",
  "first: /grant NAME": "dulu: /grant NAME",
  "there is nothing to accept here": "tidak ada yang perlu diterima di sini",
  "the digits differ from those of this device": "angkanya berbeda dari angka di perangkat ini",
  "compare them again; if they still differ, someone may be intercepting your messages":
    "cocokkan sekali lagi; jika tetap berbeda, pesan Anda mungkin sedang disadap",
  "the number has digits only": "nomornya hanya terdiri atas angka",
  "the number has 60 digits in groups of five, not {word}; group {word} has {word}":
    "nomor ini berisi 60 angka dalam kelompok lima, bukan {word}; kelompok {word} berisi {word}",
  "the number has 60 digits in groups of five, not {word}":
    "nomor ini terdiri dari 60 angka dalam kelompok lima, bukan {word}",
  "check what you typed": "periksa yang Anda ketik",
  "only group {} differs: probably a typing error":
    "hanya kelompok {} yang berbeda: mungkin salah ketik",
  "only groups {} differ: probably a typing error":
    "hanya kelompok {} yang berbeda: mungkin salah ketik",
  "compare that part again": "cocokkan lagi bagian itu",
  "devices of {} are still in '{}'": "perangkat {} masih ada di '{}'",
  "wait until an admin of the room has connected": "tunggu sampai admin ruang tersambung",
  "another window changes this room": "jendela lain sedang mengubah ruang ini",
  "others change '{}' all the time": "orang lain terus mengubah '{}'",
  "no sealed room has shown the key of {word} yet":
    "belum ada ruang tersegel yang menunjukkan kunci {word}",
  "{word} has no device that can be let in now":
    "{word} tidak punya perangkat yang dapat diajak masuk sekarang",
  "ask {word} to run chat join once, then try again":
    "minta {word} menjalankan chat join sekali, lalu coba lagi",
  "this device could not come back into '{}' by itself":
    "perangkat ini tidak dapat kembali sendiri ke '{}'",
  "try again later, or ask somebody in it: /kick, then /invite":
    "coba lagi nanti, atau minta anggotanya: /kick, lalu /invite",
  "'{}' cannot be trusted: {}": "'{}' tidak dapat dipercaya: {}",
  "'{}' is not trusted any more: {}": "'{}' tidak dipercaya lagi: {}",
  "look there: /sealed": "lihat di sana: /sealed",
  "ask the others and the server's owner; then /sealed accept, or make another room":
    "tanya yang lain dan pemilik server; lalu /sealed accept, atau buat ruang lain",
  "this device was put out of '{}'": "perangkat ini dikeluarkan dari '{}'",
  "ask to be let in again": "minta diajak masuk lagi",
  "nobody has let this device into '{}' yet": "belum ada yang mengajak perangkat ini masuk ke '{}'",
  "ask somebody in it: /invite NAME": "minta anggotanya: /invite NAME",
  "the server takes no message as one of the present group":
    "server tidak menerima pesan mana pun sebagai pesan grup saat ini",
  "try again later; ask the server's owner": "coba lagi nanti; tanya pemilik server",
  "'{}' is sealed, and you are not in it": "'{}' tersegel, dan Anda bukan anggotanya",
  "'{}' was sealed, and the server shows another room by its name":
    "'{}' dulu tersegel, dan server menunjukkan ruang lain dengan nama itu",
  "use another name for another room": "pakai nama lain untuk ruang lain",
  "ask somebody in it to let you in, or use another name for another room":
    "minta seorang anggotanya memasukkan Anda, atau pakai nama lain untuk ruang lain",
  "use chat join on a device of yours": "pakai chat join di perangkat Anda",
  "sealed rooms cannot be read here": "ruang tersegel tidak dapat dibaca di sini",
  "'{}' is not sealed, and the file is": "'{}' tidak tersegel, sedangkan berkasnya tersegel",
  "other programs of this folder take its lease all the time":
    "program lain dari folder ini terus mengambil giliran",
  "a file goes to sealed rooms and to open ones in two goes":
    "berkas dikirim ke ruang tersegel dan ke ruang terbuka secara terpisah",
  "send it to {} first": "kirim dulu ke {}",
  "the file has changed since its upload began": "berkas berubah sejak pengiriman dimulai",
  "send it again: it begins anew": "kirim lagi: dimulai dari awal",
  "this device cannot open {}: it was not in when it came":
    "perangkat ini tidak dapat membuka {}: belum ada di ruang saat berkas datang",
  "ask somebody in the room to send it again": "minta seseorang di ruang mengirimnya lagi",
  "there is no file {}: it was erased": "tidak ada berkas {}: sudah dihapus",
  "the room was told of this file already": "ruang sudah diberi tahu tentang berkas ini",
  "look for it there: /files": "cari di sana: /files",
  "'{}' is an open room, and stays so": "'{}' ruang terbuka, dan tetap begitu",
  "choose another name for a sealed one": "pilih nama lain untuk yang tersegel",
  "the server would read this {}, and the room is sealed":
    "server akan membaca {} ini, padahal ruangnya tersegel",
  "say it in the room": "katakan di ruang",
  "send it to an open room": "kirim ke ruang terbuka",
};

/** What commands and faults say, in Indonesian. */
export const sentenceInIndonesian = sentencesOf({ ...SUMMARIES, ...ANSWERS, ...FAULTS, ...SEALED });
