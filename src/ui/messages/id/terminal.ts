/** Indonesian texts of the terminal that the page does not have. */

import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import type { TerminalTexts } from "../en/terminal.ts";
import { INDONESIAN_COMMANDS } from "./commands.ts";
import { INDONESIAN } from "./first.ts";

export const INDONESIAN_TERMINAL: TerminalTexts = {
  loading: "Memuat…",
  notLoggedIn: "belum masuk",
  noMajority: "sebagian besar mesin mati: pesan menunggu",
  loggedOut: "Anda belum masuk: /login NAMA",
  noLongerIn: (place) => `Anda tidak lagi di ${place}`,
  notSent: (n, targets) => `${n} tidak terkirim ke ${targets}`,
  notSentBecause: (place, why) => `tidak terkirim ke ${place}: ${why}`,
  unsentAtQuit: (n) =>
    `${n} pesan belum terkirim. Ulangi untuk keluar sekarang dan mengirim saat mulai lagi.`,
  sendingAtQuit: (n) =>
    `Mengirim ${n} pesan… Ulangi untuk keluar sekarang dan mengirim saat mulai lagi.`,
  sendingPosts: (n) => `${n} sedang dikirim`,
  unreadIn: (n, targets) => `${n} belum dibaca di ${targets}`,
  moreBelow: "-- masih ada di bawah --",
  moreBelowCount: (n) => `-- ${n} lagi di bawah --`,
  moreAbove: (n) => `${n} lagi di atas`,
  moreHere: (n) => `${n} lagi`,
  membersOnline: (online, all) => `${online} dari ${all} daring`,
  nowOnline: (n) => `${n} daring`,
  fetchWith: (key) => `${key} untuk mengambil`,
  moreLines: (n) => `… ${n} baris lagi`,
  showWith: (key) => `${key} untuk menampilkan semua`,
  closed: "ditutup",
  sealed: "tersegel",
  announcedGone: (who) => `${who} menarik kembali pemberitahuan untuk semua`,
  letIn: (who, room) => `${who} memasukkan Anda ke #${room}: /join ${room}`,
  goTo: "Pergi ke",
  find: "Cari",
  typed: "Pernah diketik",
  messageMenu: "Tindakan untuk pesan ini",
  nothingTyped: "Tidak ada yang seperti itu pernah diketik di sini.",
  emptyRoom: "Belum ada yang dikatakan di sini. Tulis pesan pertama.",
  emptyPerson: (name) => `Belum ada percakapan antara Anda dan ${name}.`,
  pressToClose: "Esc menutup",
  copyOrClose: "c menyalin · Esc menutup",
  toAnswer: "Enter: jawab · Esc: batal",
  checking: "Sedang diperiksa; ketikan tersembunyi",
  questionGone: "Pertanyaan sudah hilang; ketikan tersembunyi sampai Enter",
  cannotShow: (what) => `ini tidak dapat ditampilkan (${what}); Ctrl-L mencoba lagi`,
  yesNo: "y/n",
  escDrops: "Esc membatalkan",
  refusedHint: "pilih untuk mengirim lagi atau membuang",

  sealedRoomMade: (room) => `ruang tersegel '${room}' milik Anda; ajak yang lain: /invite NAME`,
  roomMade: (room) => `ruang '${room}' belum ada; Anda membuatnya`,
  backIn: (room) => `Anda kembali di ${room}`,
  youLeft: (room) => `Anda keluar dari ${room}`,
  noTopic: "tidak ada topik",
  offlineMember: (user) => `${user} (luring)`,
  largeRoom: (room, all, online, names, more) => {
    const others = more > 0 ? ` dan ${more} lagi` : "";
    return `${room}: ${all} orang, ${online} daring: ${names}${others}`;
  },
  onlineList: (names) => `daring: ${names}`,
  roomList: (rooms) => `ruang: ${rooms}`,
  conversationList: (people) => `percakapan: ${people}`,
  unread: (n) => `${n} belum dibaca`,
  joined: "sudah bergabung",
  nothingFound: "tidak ada yang ditemukan",
  youAreLoggedOut: "Anda sudah keluar dari akun; /login NAME untuk masuk lagi",
  youAre: (user) => `Anda adalah ${user}`,
  passwordChanged: "kata sandi Anda sudah diganti",
  slashHint: "// di awal mengirim garis miring",
  done: (command) => `selesai: ${command}`,
  quietOn: "Anda tidak lagi melihat siapa yang datang dan pergi; /quiet off menampilkannya lagi",
  quietOff: "Anda melihat siapa yang datang dan pergi",
  ignoreNone: "Anda tidak mengabaikan siapa pun",
  ignoredList: (users) => `diabaikan: ${users}`,
  youIgnore: (user) => `Anda mengabaikan ${user}`,
  youHear: (user) => `pesan ${user} tampil lagi`,
  sendLine: (user) => `kirim baris ini ke ${user ?? "satu orang"}:`,
  accountInfo: INDONESIAN.accountInfo,
  banned: (user) => `${user} diblokir`,
  conversationOpen: (user) => `percakapan dengan ${user} tidak disegel`,
  conversationSealed: (user) =>
    `yang Anda dan ${user} tulis mulai sekarang hanya dapat dibaca perangkat Anda berdua`,
  roomOpen: "ruang ini tidak tersegel: operator server dapat membacanya",
  sealingAccepted: "diterima: perangkat ini lanjut di sini",
  sealing: (status, reason) => {
    const state = status === "in" ? "tersegel" : `tersegel; perangkat ini ${status}`;
    return reason === undefined ? state : `${state}: ${reason}`;
  },
  sealedMember: ({ user, devices, hasBrowser, isMe, isVerified, isChanged, isAdmin }) => {
    const web = hasBrowser ? ", termasuk peramban" : "";
    const known = isVerified ? "sudah dicocokkan" : "belum dicocokkan";
    const changed = isChanged ? `, dan kunci lain terlihat sesudahnya: /verify ${user}` : "";
    const state = isMe ? "ini Anda" : known + changed;
    return `${user}: ${devices} perangkat${web}; ${state}${isAdmin ? "; admin" : ""}`;
  },
  devicesLetIn: (user, added, missing) => {
    if (added === 0 && missing === 0) return `semua perangkat ${user} sudah ada di dalam`;
    const more = missing === 0 ? "" : `; ${missing} lagi setelah tersambung`;
    return `${user} diajak masuk dengan ${added} perangkat${more}`;
  },
  verified: (user) => `${user} sudah dicocokkan`,
  confirmDigits: (user, command) => `jika ${user} melihat yang sama: ${command} "ANGKA"`,
  confirmNewDigits: (user) => `kunci identitas ${user} berubah: sahkan angka yang ${user} lihat`,
  keyAccepted: (user) =>
    `kunci ${user} yang terakhir terlihat, atau yang berikutnya, dianggap miliknya`,
  savedNow: "tersimpan: lihat /saved",
  notSaved: "tidak disimpan lagi",
  nothingSaved: "belum ada yang disimpan: lihat /save",
  notReadable: (n) => `tidak dapat dibaca di sini lagi: ${n}`,
  nothingPinned: "tidak ada yang disematkan di sini",
  readBy: (readers, members, names) => {
    const list = readers === 0 ? "" : `: ${names.join(", ")}`;
    return `dibaca oleh ${readers} dari ${members}${list}`;
  },
  queuedMessage: (user) => `${user} sedang luring; akan disampaikan nanti`,
  queuedFile: (user) => `${user} sedang luring; akan ada di sana saat mereka datang`,
  unsaid: "server ini terlalu lama untuk menyimpan keterangan berkas: kirim sebagai pesan",
  sentTo: (target) => `terkirim ke ${target}`,
  fileSent: (name, target) => `'${name}' terkirim ke ${target}`,
  fileHere: (file, from) => `${file} sudah di sini, dari ${from}`,
  leftOut: (entry) => `tidak disertakan: ${entry}`,
  renamedHere: (file, from, to) => `${file}: ${from} di sini bernama ${to}`,
  moreRenamed: (file, n) => `${file}: dan ${n} lagi bernama lain di sini`,
  noFiles: "tidak ada berkas di sini",
  files: "berkas",
  filesOnTheWay: "berkas masih di jalan; Ctrl-C menghentikannya, untuk dilanjutkan nanti",
  hearAll: "tidak ada yang dibungkam",
  mutedHere: (targets) => `dibungkam di sini: ${targets}`,
  hearAgain: (target) => `${target} terdengar lagi`,
  nowMuted: (target) => `${target} tidak berbunyi dan tidak dihitung di perangkat ini`,
  mutedBySetting: (target) =>
    `${target} dibungkam oleh setelan 'muted', yang tetap berlaku: lihat /set muted`,
  stats: {
    over: (transport, since) => `lewat ${transport} sejak ${since}`,
    acknowledged: (n, asked) => `${n} dari ${asked} permintaan dijawab`,
    sent: (messages, bytes) => `terkirim ${messages} pesan, ${bytes} bita`,
    received: (messages, bytes) => `diterima ${messages} pesan, ${bytes} bita`,
    datagrams: (n) => ` dalam ${n} datagram`,
    lost: (n) => `${n} datagram hilang dan dikirim ulang`,
    roundTrip: (ms) => `waktu bolak-balik ${ms} md`,
    window: (size) => `jendela kemacetan ${size}`,
  },
  copied: "tersalin",
  tooLongToCopy: "terlalu panjang untuk disalin",
  cameAnew: {
    copy: "simpanan ruang tersegel di perangkat ini salinan lama: perangkat masuk kembali",
    damaged: "simpanan ruang tersegel di perangkat ini hilang atau rusak: perangkat masuk kembali",
  },
  otherMachine: (from, to) =>
    `${from} tidak menjawab; tersambung ke ${to}, mesin lain dari server yang sama`,
  disk: (space) => {
    const [free, keep] = [formatSize(space.freeBytes), formatSize(space.keepFreeBytes)];
    if (!space.isLow) return `cakram server lapang lagi: ${free} kosong`;
    return isDiskFull(space)
      ? `cakram server penuh: ${free} kosong; berkas ditolak sampai ${keep} kosong`
      : `cakram server hampir penuh: ${free} kosong; di bawah ${keep} berkas ditolak`;
  },
  guessDelay: (of, seconds) => {
    const reasons = {
      address: "terlalu banyak kata sandi salah dari sini",
      account: "terlalu banyak kata sandi salah untuk nama ini",
      everyone: "banyak yang sedang menebak kata sandi ini",
    };
    return `${reasons[of]}: ${seconds} dtk`;
  },

  askCreate: (room, password, isSealed) => {
    if (isSealed) return `tidak ada ruang '${room}'; buat, tersegel?`;
    if (password === undefined) return `tidak ada ruang '${room}'; buat?`;
    return `tidak ada ruang '${room}'; buat, terkunci dengan kata sandi '${password}'?`;
  },
  askSeal: (user) => `segel percakapan dengan ${user}? ini tidak dapat dibatalkan`,
  askPassword: (user, server) => `Kata sandi untuk ${user} di ${server}`,
  askRoomPassword: (room, server) => `Kata sandi ruang ${room} di ${server}`,
  askAgain: (question) => `Bukan itu. ${question}`,
  askCurrentPassword: "Kata sandi saat ini (kosongkan jika belum ada)",
  askNewPassword: "Kata sandi baru",
  askNewPasswordOf: (user, server) => `Kata sandi baru untuk ${user} di ${server}`,
  askRepeat: "Ulangi",

  slash: {
    ...INDONESIAN_COMMANDS,
    list: "daftar yang sedang daring",
    readers: "tampilkan siapa yang membaca pesan Anda; tanpa nomornya, pesan terakhir Anda di sini",
    send: "kirim berkas atau folder, ke sini atau ke ruang atau @orang, dengan keterangannya",
    caption: "ubah keterangan berkas Anda; tanpa TEXT, keterangannya dihapus",
    get: "ambil berkas menurut id atau namanya; tanpa DIR, ke folder tempat chat dijalankan",
    verify: "tampilkan angka untuk dicocokkan lewat suara, sahkan, atau terima kunci baru",
    history: "tampilkan N pesan terakhir di sini",
    register: "buat akun",
    login: "masuk ke akun Anda",
    logout: "keluar dari akun dan tetap tersambung; chat logout juga melupakan perangkat ini",
    passwd: "ganti kata sandi (ditanyakan, atau CHAT_NEW_PASSWORD)",
    set: "tampilkan atau ubah setelan layar penuh",
    notify: "bungkam ruang atau @orang di perangkat ini, atau tidak lagi",
    stats: "tampilkan apa yang lewat di sambungan",
    help: "tampilkan ini, atau kegunaan satu perintah",
    quit: "keluar dari program",
  },
};
