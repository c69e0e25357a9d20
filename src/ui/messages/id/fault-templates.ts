/** Indonesian fault messages by English template. Placeholders keep their order. */

export const INDONESIAN_TEMPLATES: Readonly<Record<string, string>> = {
  "'{}' cannot be trusted: {}": "'{}' tidak dapat dipercaya: {}",
  "'{}' cannot be used: {}": "'{}' tidak dapat dipakai: {}",
  "'{}' is not encrypted, and an existing room cannot be encrypted":
    "'{}' tidak terenkripsi, dan ruang yang sudah ada tidak dapat dienkripsi",
  "'{}' is no longer trusted: {}": "'{}' tidak lagi dipercaya: {}",
  "'{}' is not a duration": "'{}' bukan durasi",
  "'{}' is not a valid room name": "'{}' bukan nama ruang yang valid",
  "'{}' is not a valid user name": "'{}' bukan nama pengguna yang valid",
  "'{}' is reserved": "'{}' adalah nama yang dicadangkan",
  "'{}' is too short or too long": "'{}' terlalu singkat atau terlalu lama",
  "'{}' needs at least one admin": "'{}' memerlukan minimal satu admin",
  "'{}' was encrypted, but the server now lists a different room with that name":
    "'{}' dahulu terenkripsi, tetapi server kini menampilkan ruang lain dengan nama itu",
  "--caption is empty": "--caption kosong",
  "{} has more than {} entries": "{} berisi lebih dari {} entri",
  "send it as an archive: tar c DIR | chat send-file - --name DIR.tar":
    "kirim sebagai arsip: tar c DIR | chat send-file - --name DIR.tar",
  "the server cannot record messages: {}": "server tidak dapat mencatat pesan: {}",
  "{} is not a time": "{} bukan waktu",
  "{} is not the number of a message": "{} bukan nomor pesan",
  "entries of a folder were skipped{}": "isi folder dilewati{}",
  "this server cannot post files as replies":
    "server ini tidak dapat mengirim berkas sebagai balasan",
  "this server cannot list replies": "server ini tidak dapat mendaftar balasan",
  "unknown filter has:{}": "saringan has:{} tidak dikenal",
  "search text can have at most {} bytes": "teks pencarian paling banyak {} bita",
  "a caption can have at most {}": "keterangan berkas paling banyak {}",
  "a log-in is already in progress": "proses masuk sedang berlangsung",
  "a message can have at most {} bytes, not {}": "pesan paling banyak {} bita, bukan {}",
  "a new password needs at least {} characters": "kata sandi baru minimal {} karakter",
  "the password is not valid UTF-8": "kata sandi bukan UTF-8 yang sah",
  "type it where the encoding is UTF-8, or use a file":
    "ketik di tempat yang memakai UTF-8, atau pakai berkas",
  "the {} is not valid UTF-8": "{} bukan UTF-8 yang sah",
  "use UTF-8, or put it on the first line of the {} file":
    "pakai UTF-8, atau taruh di baris pertama berkas {}",
  "somebody entered a wrong code": "ada yang memasukkan kode yang salah",
  "an unsent message has expired": "pesan yang belum terkirim sudah kedaluwarsa",
  "the code is no longer valid": "kode ini tidak berlaku lagi",
  "you are not a member of this room": "Anda bukan anggota ruang ini",
  "no such preview": "pratinjau ini tidak ada",
  "you can no longer read this file": "Anda tidak dapat membaca berkas ini lagi",
  "no such file": "berkas ini tidak ada",
  "this account sent too much too quickly": "akun ini mengirim terlalu banyak terlalu cepat",
  "too many requests": "terlalu banyak permintaan",
  "the file changed while it was read": "berkas berubah saat dibaca",
  "the file changed while it was sent": "berkas berubah saat dikirim",
  "the transfer was interrupted": "transfer terhenti",
  "the connection was closed before the message was confirmed":
    "sambungan ditutup sebelum pesan dikonfirmasi",
  "the connection was closed before the transfer finished":
    "sambungan ditutup sebelum transfer selesai",
  "no such room": "ruang ini tidak ada",
  "too many changes in a short time": "terlalu banyak perubahan dalam waktu singkat",
  "too many messages in a short time": "terlalu banyak pesan dalam waktu singkat",
  "you are already logged in": "Anda sudah masuk",
  "check whether it arrived, then send it again":
    "periksa apakah pesan itu sampai, lalu kirim lagi",
  "run the same command again to resume": "jalankan perintah yang sama untuk melanjutkan",
  "it is saved; the next chat send or join will retry":
    "pesan tersimpan; chat send atau chat join berikutnya akan mengirimnya",
  "unknown user or wrong password": "pengguna tidak dikenal atau kata sandi salah",
  "wrong server password": "kata sandi server salah",
  "wrong password for this room": "kata sandi ruang ini salah",
  "wrong current password": "kata sandi saat ini salah",
  "this browser cannot create an account key": "peramban ini tidak dapat membuat kunci akun",
  "open the page over https or in a newer browser, or sign in with a password":
    "buka halaman ini lewat https atau di peramban yang lebih baru, atau masuk dengan kata sandi",
  "the reset code is invalid, used or expired":
    "kode ini tidak valid, sudah dipakai, atau kedaluwarsa",
  "a path is empty": "path kosong",
  "a picture must be a JPEG, PNG or WebP of at most {} pixels each way":
    "foto profil harus berupa JPEG, PNG, atau WebP dengan sisi paling banyak {} piksel",
  "a reaction can have at most {} bytes": "reaksi paling banyak {} bita",
  "add text after --caption": "tambahkan teks setelah --caption",
  "--thread needs the number of a message": "--thread memerlukan nomor pesan",
  "--thread needs one target": "--thread memerlukan satu tujuan",
  "add it after --thread": "tambahkan setelah --thread",
  "send it to each target": "kirim ke setiap tujuan",
  "add them first: /invite {}": "tambahkan dia dahulu: /invite {}",
  "another window is changing this room": "jendela lain sedang mengubah ruang ini",
  "ask a member for the password": "minta kata sandinya kepada anggota",
  "ask a member to add you, or use another name for a new room":
    "minta anggota menambahkan Anda, atau pakai nama lain untuk ruang baru",
  "ask a member to add you: /invite NAME": "minta anggota menambahkan Anda: /invite NAME",
  "ask a member to send it again": "minta anggota mengirimnya lagi",
  "ask a moderator": "hubungi moderator",
  "ask a room admin": "hubungi admin ruang",
  "ask an operator": "hubungi operator",
  "ask the sender to send it again": "minta pengirim mengirimnya lagi",
  "ask the other members, then run /sealed accept or create another room":
    "tanyakan kepada anggota lain, lalu jalankan /sealed accept atau buat ruang lain",
  "ask the server's owner": "tanyakan kepada pemilik server",
  "ask the server's owner, and if the change is intended, run chat trust accept SERVER":
    "tanyakan kepada pemilik server, dan jika disengaja, jalankan chat trust accept SERVER",
  "ask the server's owner; after a restore, run chat trust accept or /sealed accept":
    "tanyakan kepada pemilik server; setelah dipulihkan, jalankan chat trust accept atau " +
    "/sealed accept",
  "ask the server's owner, then run chat trust accept SERVER":
    "tanyakan kepada pemilik server, lalu jalankan chat trust accept SERVER",
  "ask them to update chat": "minta dia memperbarui chat",
  "ask to be added again": "minta ditambahkan lagi",
  "ask {} to run chat join once, then try again":
    "minta {} menjalankan chat join sekali, lalu coba lagi",
  "check the number": "periksa nomornya",
  "choose a message": "pilih sebuah pesan",
  "cannot add {}: {}": "tidak dapat menambahkan {}: {}",
  "check both clocks (here it is {}), then start chat on {}'s device":
    "periksa jam kedua mesin (di sini {}), lalu jalankan chat di perangkat {}",
  "check the file id": "periksa id-nya",
  "check the address and that the server is running":
    "periksa alamatnya dan pastikan server berjalan",
  "check the disk, then restart chat": "periksa disk, lalu mulai ulang chat",
  "check the folder's owner and permissions": "periksa pemilik dan izin folder itu",
  "check the name": "periksa namanya",
  "check the name and the password": "periksa nama dan kata sandinya",
  "check the network and try again": "periksa jaringan, lalu coba lagi",
  "check what you typed": "periksa ketikan Anda",
  "choose a longer one": "pilih yang lebih panjang",
  "choose another name": "pilih nama lain",
  "choose another name for the encrypted room": "pilih nama lain untuk ruang terenkripsi itu",
  "choose another name, or add an initial": "pilih nama lain, atau tambahkan inisial",
  "choose another name, such as {}": "pilih nama lain, misalnya {}",
  "choose one by id, newest first: {}{}": "pilih menurut id, terbaru dahulu: {}{}",
  "close the quote": "tutup tanda kutipnya",
  "compare those digits again": "cocokkan lagi angka itu",
  "compare them again; if they still differ, someone may be intercepting your messages":
    "cocokkan sekali lagi; jika tetap berbeda, pesan Anda mungkin sedang disadap",
  "run chat join to rejoin the room": "jalankan chat join untuk bergabung lagi ke ruang itu",
  "contact the server's owner": "hubungi pemilik server",
  "delete files that you no longer need": "hapus berkas yang tidak diperlukan lagi",
  "did you mean /{}? see /help": "maksud Anda /{}? lihat /help",
  "did you mean {}?": "maksud Anda {}?",
  "download it again from a source that you trust": "unduh lagi dari sumber yang Anda percaya",
  "download it again": "unduh lagi",
  "you can change your picture at most {} times a day":
    "Anda dapat mengubah foto profil paling banyak {} kali sehari",
  "you can edit only your own messages": "Anda hanya dapat menyunting pesan Anda sendiri",
  "a different history of this server was accepted while this program ran":
    "riwayat lain dari server ini telah diterima saat program ini berjalan",
  "start it again": "mulai lagi program ini",
  "file {} is not yours": "berkas {} bukan milik Anda",
  "file {} was deleted": "berkas {} sudah dihapus",
  "for example, /set {}": "misalnya /set {}",
  "for example, /set {} VALUE": "misalnya /set {} VALUE",
  "free up disk space": "kosongkan ruang disk",
  "invalid arguments": "argumen tidak valid",
  "invalid setting {}": "setelan {} tidak valid",
  "join one: /join ROOM": "bergabunglah ke salah satu: /join ROOM",
  "join the room first: chat join --room ROOM, or /join ROOM":
    "bergabunglah dahulu ke ruang itu: chat join --room ROOM, atau /join ROOM",
  "list files with /files": "lihat daftar berkas dengan /files",
  "log out first: /logout": "keluar dahulu: /logout",
  "report this as a bug": "laporkan ini sebagai bug",
  "restore a backup": "pulihkan dari cadangan",
  "run chat files, or /files": "lihat daftarnya: chat files, atau /files",
  "log in first": "masuklah dahulu: /login NAME",
  "make someone else an admin first: /grant NAME": "jadikan orang lain admin dahulu: /grant NAME",
  "message is empty": "pesan kosong",
  "message {} is not saved": "pesan {} tidak ada di simpanan",
  "specify a file": "sebutkan sebuah berkas",
  "run chat rooms, or /rooms": "lihat daftarnya: chat rooms, atau /rooms",
  "run chat users, or /who": "lihat daftarnya: chat users, atau /who",
  "run the same command again": "jalankan perintah yang sama lagi",
  "{} changed while it was sent": "{} berubah saat dikirim",
  "'{}' changed while it was sent": "'{}' berubah saat dikirim",
  "{} changed while it was shared": "{} berubah saat dibagikan",
  "share it again": "bagikan lagi",
  "close programs that write to it, then send it again":
    "tutup program yang menulis berkas itu, lalu kirim lagi",
  "make it smaller, or send it in parts": "perkecil, atau kirim secara bertahap",
  "set a password first: chat passwd": "tetapkan kata sandi dahulu: chat passwd",
  "check the clocks of both machines": "periksa jam kedua mesin",
  "specify a destination folder": "sebutkan folder tujuan",
  "no file {} here": "tidak ada berkas {} di sini",
  "the message that you were editing was deleted": "pesan yang sedang Anda sunting dihapus",
  "what you typed is still in the input field": "yang Anda ketik masih ada di kolom tulis",
  "no message {} here": "tidak ada pesan {} di sini",
  "no message {} in this conversation": "tidak ada pesan {} di percakapan ini",
  "no messages from other users here": "belum ada pesan dari orang lain di sini",
  "no new password given": "kata sandi baru belum diberikan",
  "no room is open": "belum ada ruang yang dibuka",
  "no account {} on this server": "tidak ada akun {} di server ini",
  "no such file: {}": "berkas tidak ditemukan: {}",
  "not connected": "tidak tersambung",
  "nothing to accept: this room has no warning":
    "tidak ada yang perlu diterima: ruang ini tidak punya peringatan",
  "see who can read here: /sealed": "lihat siapa yang dapat membaca di sini: /sealed",
  "messages cannot be imported into an encrypted room":
    "pesan tidak dapat diimpor ke ruang terenkripsi",
  "import them into a room that is not encrypted": "impor ke ruang yang tidak terenkripsi",
  "on one machine, use a different CHAT_HOME and run chat link-device, or use only one for an hour":
    "di salah satu mesin, pakai CHAT_HOME lain lalu jalankan chat link-device, atau pakai satu " +
    "mesin saja selama satu jam",
  "only group {} differs: probably a typing error":
    "hanya kelompok {} yang berbeda: mungkin salah ketik",
  "only groups {} differ: probably a typing error":
    "hanya kelompok {} yang berbeda: mungkin salah ketik",
  "another copy of this device folder is in use":
    "salinan lain folder perangkat ini sedang dipakai",
  "passwords cannot start with --; for an encrypted room: /join ROOM --sealed":
    "kata sandi tidak boleh diawali --; untuk ruang terenkripsi: /join ROOM --sealed",
  "permission denied: {}": "akses ditolak: {}",
  "edit it on a device that is a member of the room":
    "sunting di perangkat yang menjadi anggota ruang ini",
  "edit it on a device that can read it": "sunting di perangkat yang dapat membacanya",
  "press F1 for a list of keys": "tekan F1 untuk daftar tombol",
  "post it as a message": "kirim sebagai pesan",
  "send files one by one, and quote a path that contains spaces":
    "kirim berkas satu per satu, dan apit path yang berisi spasi dengan tanda kutip",
  "run /files to list files": "jalankan /files untuk melihat daftar berkas",
  "run /sealed": "jalankan /sealed",
  "run /set to list settings": "jalankan /set untuk melihat daftar setelan",
  "encrypted rooms are not available here": "ruang terenkripsi tidak tersedia di sini",
  "see /help": "lihat /help",
  "see chat --help": "lihat /help",
  "send a file to encrypted and unencrypted rooms separately":
    "kirim berkas ke ruang terenkripsi dan ke ruang terbuka secara terpisah",
  "send it again; the upload restarts": "kirim lagi; unggahan dimulai dari awal",
  "send it to {} first": "kirim dahulu ke {}",
  "send the text as a message": "kirim teksnya sebagai pesan",
  "send up to 65536 bytes of UTF-8": "kirim paling banyak 65536 bita UTF-8",
  "set CHAT_NEW_PASSWORD": "tetapkan CHAT_NEW_PASSWORD",
  "specify its number": "sebutkan nomornya",
  "split it, or send it as a file": "bagi pesannya, atau kirim sebagai berkas",
  "cannot send standard input here": "masukan standar tidak dapat dikirim di sini",
  "the devices of {} have not been removed from '{}' yet":
    "perangkat {} belum dikeluarkan dari '{}'",
  "the digits differ from those of this device": "angkanya berbeda dari angka di perangkat ini",
  "the edited message is encrypted, but '{}' is not an encrypted room":
    "pesan yang diubah terenkripsi, tetapi '{}' bukan ruang terenkripsi",
  "the file has changed since its upload began": "berkas berubah sejak mulai diunggah",
  "the file is encrypted, but '{}' is not an encrypted room":
    "berkasnya terenkripsi, tetapi '{}' bukan ruang terenkripsi",
  "this device has not received {}'s identity key yet":
    "perangkat ini belum menerima kunci identitas {}",
  "the message is empty": "pesannya kosong",
  "the number has 60 digits in groups of 5, not {}":
    "nomor keamanan berisi 60 angka dalam kelompok lima, bukan {}",
  "the number has 60 digits in groups of 5, not {}; group {} has {}":
    "nomor keamanan berisi 60 angka dalam kelompok lima, bukan {}; kelompok {} berisi {}",
  "the safety number contains only digits": "nomor keamanan hanya terdiri atas angka",
  "the creation of '{}' was interrupted": "pembuatan '{}' terputus",
  "its creator can complete it: /join {} --sealed":
    "pembuatnya dapat menyelesaikannya: /join {} --sealed",
  "the server rejects messages to this room as outdated":
    "server menolak pesan ke ruang ini karena dianggap usang",
  "the server's history lacks messages of '{}' that this device has read":
    "riwayat server tidak memuat pesan '{}' yang sudah dibaca perangkat ini",
  "the server's disk is nearly full; only operators can post":
    "disk server hampir penuh; hanya operator yang dapat mengirim",
  "the server sent another user's keys for {}": "server mengirim kunci pengguna lain untuk {}",
  "the text is not valid UTF-8": "teksnya bukan UTF-8 yang valid",
  "the two passwords differ": "kedua kata sandi berbeda",
  "this device cannot decrypt {}: it joined the room later":
    "perangkat ini tidak dapat mendekripsi {}: baru bergabung setelah berkas dikirim",
  "this device could not rejoin '{}'": "perangkat ini tidak dapat bergabung lagi ke '{}'",
  "this device has not been added to '{}' yet": "perangkat ini belum ditambahkan ke '{}'",
  "this device was removed from '{}'": "perangkat ini dikeluarkan dari '{}'",
  "this reason would not be encrypted, but the room is":
    "alasan ini tidak akan dienkripsi, padahal ruangnya terenkripsi",
  "omit the reason": "hilangkan alasannya",
  "{} is already in '{}'": "{} sudah ada di '{}'",
  "{} has already been invited to '{}'": "{} sudah diundang ke '{}'",
  "too many downloads are in progress": "terlalu banyak unduhan sedang berlangsung",
  "'{}' has reached the limit of {} invitations": "'{}' sudah mencapai batas {} undangan",
  "{} has too many open invitations": "{} memiliki terlalu banyak undangan yang belum dijawab",
  "add their devices with /invite": "tambahkan perangkatnya dengan /invite",
  "this edit would not be encrypted, but the room is":
    "suntingan ini tidak akan dienkripsi, padahal ruangnya terenkripsi",
  "this file was already posted to the room": "berkas ini sudah dikirim ke ruang itu",
  "this room is already encrypted": "ruang ini sudah terenkripsi",
  "the server has lost the message that an unsent message refers to":
    "server kehilangan pesan yang dirujuk oleh pesan yang belum terkirim",
  "send it again as a new message": "kirim lagi sebagai pesan baru",
  "too many concurrent changes in '{}'": "terlalu banyak perubahan bersamaan di '{}'",
  "an encrypted room cannot have a topic, because topics are not encrypted":
    "topik tidak dienkripsi, jadi ruang terenkripsi tidak dapat memiliki topik",
  "try again": "coba lagi",
  "try again in {}": "coba lagi dalam {}",
  "try again later": "coba lagi nanti",
  "try again later, or ask a member to /kick and /invite you":
    "coba lagi nanti, atau minta anggota menjalankan /kick lalu /invite untuk Anda",
  "try again later, or ask the server's owner":
    "coba lagi nanti, atau tanyakan kepada pemilik server",
  "try again tomorrow": "coba lagi besok",
  "try again when more servers are online": "coba lagi saat lebih banyak server tersambung",
  "try again when the server is back": "coba lagi setelah server kembali",
  "two machines use copies of the same device folder":
    "dua mesin memakai salinan folder perangkat yang sama",
  "type some text": "ketik sesuatu",
  "type them again": "ketik lagi",
  "unclosed quote": "tanda kutip belum ditutup",
  "unknown command '/{}'": "perintah '/{}' tidak dikenal",
  "unknown option for /join: {}": "opsi /join tidak dikenal: {}",
  "unknown setting {}": "setelan {} tidak dikenal",
  "update chat on both machines": "perbarui chat di kedua sisi",
  "usage: {}": "cara pakai: {}",
  "use /set {} on": "pakai /set {} on",
  "use /set {} {}": "pakai /set {} {}",
  "use 1 to 32 letters, digits, - or _, not only digits":
    "pakai 1 sampai 32 huruf, angka, - atau _, tidak hanya angka",
  "use 1 to 32 letters, digits, - or _, not only digits, such as {}":
    "pakai 1 sampai 32 huruf, angka, - atau _, tidak hanya angka, misalnya {}",
  "use 30s, 10m, 2h or 7d{}": "pakai 30s, 10m, 2h, atau 7d{}",
  "use a device that supports encryption": "pakai perangkat yang mendukung enkripsi",
  "use another name for a new room": "pakai nama lain untuk ruang baru",
  "use chat join on one of your devices": "jalankan chat join di salah satu perangkat Anda",
  "use one emoji or a short word": "pakai satu emoji atau satu kata pendek",
  "use the same version of chat on both machines": "pakai versi chat yang sama di kedua sisi",
  "use a duration from {} to {}{}": "pakai durasi dari {} sampai {}{}",
  "verify it with chat verify-user {}, then use --accept":
    "verifikasi dengan chat verify-user {}, lalu pakai --accept",
  "wait a moment, then try again": "tunggu sebentar, lalu coba lagi",
  "wait for an admin of the room to connect": "tunggu sampai admin ruang tersambung",
  "messages are sent when an admin who has joined the room connects; admins: {}":
    "pesan dikirim saat admin yang sudah masuk ruang tersambung; admin: {}",
  "wait until it finishes": "tunggu sampai selesai",
  "wait until one finishes": "tunggu sampai salah satunya selesai",
  "write . for this folder": "tulis . untuk folder ini",
  "you are not a member of the encrypted room '{}'": "Anda bukan anggota ruang terenkripsi '{}'",
  "you are not in a room named '{}'": "Anda tidak berada di ruang bernama '{}'",
  "you are not logged in": "Anda belum masuk",
  "you can change only your own captions":
    "Anda hanya dapat mengubah keterangan berkas Anda sendiri",
  "you have reached the daily limit of {} of messages":
    "Anda sudah mencapai batas harian pesan sebesar {}",
  "you have no messages here": "Anda belum punya pesan di sini",
  "{} files here are named {}": "{} berkas di sini bernama {}",
  "{} has no device in '{}'": "{} tidak punya perangkat di '{}'",
  "{} has no device that can be added": "{} tidak punya perangkat yang dapat ditambahkan",
  "{} is not a folder": "{} bukan folder",
  "/send takes one path, and {} is not a room or person":
    "/send menerima satu path, dan {} bukan ruang atau orang",
  "{} must be on or off, not {}": "{} harus on atau off, bukan {}",
  "{} must be one of {}, not {}": "{} harus salah satu dari {}, bukan {}",
  "{} transfers are already running": "{} transfer berkas sedang berjalan",
  "{}'s identity key has changed": "kunci identitas {} berubah",
  "{}: {} is not a colour": "{}: {} bukan warna",
  "no message {}": "tidak ada pesan {}",
  "no messages yet": "belum ada pesan",
  "message {} was deleted": "pesan {} sudah dihapus",
  "this device has not read a message {} in this room":
    "perangkat ini belum membaca pesan {} di ruang ini",
  "'{}' needs the approval of a moderator": "'{}' memerlukan persetujuan moderator",
  "ask for it: /join {}": "mintalah: /join {}",
  "you have asked to join '{}'": "Anda telah meminta bergabung dengan '{}'",
  "wait until a moderator accepts": "tunggu sampai moderator menerima Anda",
  "you have already asked to join '{}'": "Anda sudah meminta bergabung dengan '{}'",
  "the moderators of '{}' declined your request": "moderator '{}' menolak permintaan Anda",
  "ask a moderator to invite you": "mintalah moderator mengundang Anda",
  "'{}' takes no requests to join": "'{}' tidak menerima permintaan bergabung",
  "{} people have already asked to join '{}'": "{} orang sudah meminta bergabung dengan '{}'",
  "{} does not ask to join '{}'": "{} tidak meminta bergabung dengan '{}'",
  "ask only for yourself": "mintalah hanya untuk diri sendiri",
  "only the moderators and its owner can read '{}'":
    "hanya moderator dan pemiliknya yang dapat membaca '{}'",
  "not all servers of this cluster support this yet":
    "belum semua server klaster ini mendukung hal ini",
  "not all servers of this cluster support this yet: {}":
    "belum semua server klaster ini mendukungnya: {}",
  "upgrade them to chat {} first": "perbarui dulu semuanya ke chat {}",
  "the servers of this cluster have not announced their versions yet":
    "server-server klaster ini belum memberitahukan versinya",
  "the cluster's stream needs {}": "aliran klaster membutuhkan {}",
  "{} was written by a newer version: {}": "{} ditulis oleh versi yang lebih baru: {}",
  "hand in your work: write to {} on the page, or with chat 0.3.0 or later":
    "kumpulkan tugas Anda: tulis ke {} di halaman web, atau dengan chat 0.3.0 atau lebih baru",
  "'{}' exists, and is not an assignment": "'{}' sudah ada, dan bukan ruang tugas",
  "choose another name, or ask one of its moderators":
    "pilih nama lain, atau minta salah satu moderatornya",
  "'{}' is not an assignment": "'{}' bukan ruang tugas",
  "make it one: /rules post private": "jadikan ruang tugas: /rules post private",
  "the box's owner is not in '{}'": "pemiliknya tidak ada di '{}'",
  "new members of '{}' cannot read earlier messages":
    "anggota baru '{}' tidak dapat membaca pesan lama",
  "this can only be chosen when a room is created": "ini hanya dapat dipilih saat ruang dibuat",
  "only {} people can hand in work in '{}'": "hanya {} orang yang dapat mengumpulkan di '{}'",
  "an encrypted room cannot be an assignment": "ruang terenkripsi tidak dapat menjadi ruang tugas",
  "a group cannot be an assignment": "grup tidak dapat menjadi ruang tugas",
  "create a room that is not encrypted": "buat ruang yang tidak terenkripsi",
  "ask in a message, or in a room that is not encrypted":
    "tanyakan lewat pesan, atau di ruang yang tidak terenkripsi",
  "the server runs an older chat than this needs ({})":
    "server menjalankan chat yang lebih lama daripada yang diperlukan ({})",
  "ask the server's operator to upgrade chat": "minta operator server memperbarui chat",
  "this browser holds data of a newer version (format {})":
    "peramban ini menyimpan data dari versi yang lebih baru (format {})",
  "chat {} cannot open {}": "chat {} tidak dapat membuka {}",
  "the poll has ended; your vote was not counted":
    "jajak pendapat sudah berakhir; suara Anda tidak dihitung",
  "the newest poll here was deleted": "jajak pendapat terbaru di sini sudah dihapus",
  "name an older one: /vote N SEQ": "sebut yang lebih lama: /vote N SEQ",
  "not sent: until now, only moderators saw your messages in '{}'":
    "tidak terkirim: sampai sekarang, hanya moderator yang melihat pesan Anda di '{}'",
  "start again to write to everyone there": "mulai lagi untuk menulis kepada semua orang di sana",
  "the assignment '{}' has ended": "tugas '{}' sudah berakhir",
  "a reaction in '{}' must be one emoji": "reaksi di '{}' harus berupa satu emoji",
  "only moderators can react in '{}'": "hanya moderator yang dapat bereaksi di '{}'",
  "only moderators can post in '{}'": "hanya moderator yang dapat menulis di '{}'",
  "only moderators can set the topic of '{}'": "hanya moderator yang dapat mengatur topik '{}'",
  "only moderators may mention everyone in '{}'":
    "hanya moderator yang boleh menyebut semua orang di '{}'",
  "omit the @": "hilangkan @",
  "slow mode in '{}': you can post again in {} s":
    "mode lambat di '{}': Anda dapat menulis lagi dalam {} detik",
  "send it again later": "kirim lagi nanti",
  "slow mode takes 1 to {} seconds, or off": "mode lambat memerlukan 1 sampai {} detik, atau off",
  "members add people to an encrypted room": "anggota menambahkan orang ke ruang terenkripsi",
  "everyone is in the lobby": "semua orang ada di lobby",
  "'{}' has no password yet": "'{}' belum punya kata sandi",
  "specify one": "sebutkan satu",
  "raise only your own hand": "angkat hanya tangan Anda sendiri",
  "the hand is already raised": "tangan itu sudah terangkat",
  "the hand is not raised": "tangan itu tidak terangkat",
  "no hand is raised": "tidak ada tangan yang terangkat",
  "at most {} hands can be raised": "paling banyak {} tangan dapat terangkat",
  "wait until a moderator lowers one": "tunggu sampai moderator menurunkan satu tangan",
  "poll {} is not yours": "jajak pendapat {} bukan milik Anda",
  "the server would see the votes, but the room is encrypted":
    "server akan melihat suara, padahal ruang ini terenkripsi",
  "a poll needs options": "jajak pendapat memerlukan pilihan",
  "a poll cannot be edited": "jajak pendapat tidak dapat diubah",
  "start a new one: /poll QUESTION | A | B": "mulai yang baru: /poll PERTANYAAN | A | B",
  "see the result: /poll SEQ": "lihat hasilnya: /poll SEQ",
  "no action is needed": "tidak ada yang perlu dilakukan",
  "the poll would end in the past": "jajak pendapat akan berakhir di masa lalu",
  "earlier messages are handed over to one person": "pesan sebelumnya diserahkan kepada satu orang",
  "this person has too many unread parts of earlier messages":
    "orang ini memiliki terlalu banyak bagian pesan sebelumnya yang belum dibaca",
  "try again when they were online": "coba lagi setelah orang ini online",
  "you can have at most {} open polls in a room":
    "Anda dapat memiliki paling banyak {} jajak pendapat terbuka di satu ruang",
  "a room can have at most {} open polls":
    "satu ruang paling banyak punya {} jajak pendapat terbuka",
  "close one first: /poll close SEQ": "tutup satu dulu: /poll close SEQ",
  "poll {} ended at {}": "jajak pendapat {} berakhir pada {}",
  "choose one option of poll {}": "pilih satu opsi jajak pendapat {}",
  "choose options from 1 to {}": "pilih opsi dari 1 sampai {}",
  "message {} is not an open poll": "pesan {} bukan jajak pendapat terbuka",
  "a poll has 2 to {} options": "jajak pendapat punya 2 sampai {} pilihan",
  "two options look alike, or one is empty": "dua pilihan tampak sama, atau satu kosong",
  "give each option its own text": "beri setiap pilihan teks yang berbeda",
  "a group needs at least two other people": "grup memerlukan sedikitnya dua orang lain",
  "for one person: /msg NAME TEXT": "untuk satu orang: /msg NAMA TEKS",
  "these people already have too many groups": "orang-orang ini sudah punya terlalu banyak grup",
  "a group can have at most {} members": "grup dapat punya paling banyak {} anggota",
  "create a room: /join ROOM": "buat ruang: /join RUANG",
  "{} of your changes wait in this room": "{} perubahan Anda masih menunggu di ruang ini",
  "wait until they are done": "tunggu hingga selesai",
  "you have asked to join rooms {} times in an hour":
    "Anda sudah {} kali meminta bergabung dengan ruang dalam satu jam",
  "you have joined rooms again {} times in an hour":
    "Anda sudah {} kali bergabung kembali dengan ruang dalam satu jam",
  "wait a minute": "tunggu satu menit",
  "wait an hour, or ask a moderator to invite you":
    "tunggu satu jam, atau mintalah moderator mengundang Anda",
  "this server has reached its limit of {} groups": "server ini sudah mencapai batas {} grup",
  "you can begin at most {} groups on this server":
    "Anda dapat memulai paling banyak {} grup di server ini",
  "remove all members from one of them, and leave it":
    "keluarkan semua anggota dari salah satunya, lalu tinggalkan",
  "you cannot add {}": "Anda tidak dapat menambahkan {}",
  "omit them, or ask someone else to add them": "lewati, atau minta orang lain menambahkannya",
  "only members can add people to a group": "hanya anggota yang dapat menambahkan orang ke grup",
  "only accounts can be added to a group": "hanya akun yang dapat ditambahkan ke grup",
  "add them after they have joined the server: /invite @NAME":
    "tambahkan setelah mereka bergabung dengan server: /invite @NAMA",
  "only operators decide which rooms newcomers join":
    "hanya operator yang menentukan ruang untuk pendatang baru",
  "newcomers can join at most {} rooms":
    "pendatang baru dapat ditambahkan ke paling banyak {} ruang",
  "on this server, direct messages are only possible from and to operators":
    "di server ini, pesan langsung hanya dapat dikirim dari dan kepada operator",
  "on this server, direct messages are only possible from and to moderators":
    "di server ini, pesan langsung hanya dapat dikirim dari dan kepada moderator ruang Anda",
  "write in a room": "tulislah di sebuah ruang",
  "only operators can send files on this server":
    "hanya operator yang dapat mengirim berkas di server ini",
  "only moderators can send files on this server":
    "hanya moderator yang dapat mengirim berkas di server ini",
  "only operators can create rooms on this server":
    "hanya operator yang dapat membuat ruang di server ini",
  "no poll here": "tidak ada jajak pendapat di sini",
  "no poll {} here": "tidak ada jajak pendapat {} di sini",
  "show an older one: /poll SEQ; start one: /poll QUESTION | A | B":
    "tampilkan yang lama: /poll SEQ; mulai satu: /poll PERTANYAAN | A | B",
  "message {} is not pinned": "pesan {} tidak disematkan",
  "message {} is not yours": "pesan {} bukan milik Anda",
  "only the author of message {} sees who has read it":
    "hanya penulis pesan {} yang melihat siapa yang sudah membacanya",
  "'{}' is your own account": "'{}' adalah akun Anda sendiri",
  "leave the room: /leave": "keluar dari ruang: /leave",
  "this conversation is already encrypted": "percakapan ini sudah terenkripsi",
  "these messages were already deleted": "pesan-pesan ini sudah dihapus",
  "this file was deleted": "berkas ini sudah dihapus",
  "no IRC password {}": "tidak ada kata sandi IRC {}",
  "an encrypted room cannot have a password; its members add people":
    "ruang terenkripsi tidak dapat memakai kata sandi; anggotanya yang menambahkan orang",
  "this room's encryption is not set up yet": "enkripsi ruang ini belum disiapkan",
  "who may write is a rule of the room: /rules":
    "siapa yang boleh menulis adalah aturan ruang: /rules",
  "to let a muted member write again: /unmute NAME":
    "agar anggota yang dibisukan dapat menulis lagi: /unmute NAME",
  "you cannot change your account name": "nama akun tidak dapat Anda ubah",
  "to show another name: /name TEXT; to rename the account, ask an operator":
    "untuk menampilkan nama lain: /name TEXT; untuk mengganti nama akun, minta operator",
  "a display name has at most {} characters": "nama tampilan paling panjang {} karakter",
  "use a shorter one": "pakai yang lebih pendek",
  "a display name consists of letters, digits, spaces and . , ' · -":
    "nama tampilan terdiri dari huruf, angka, spasi, dan . , ' · -",
  "to show an emoji beside the name: /status": "untuk menampilkan emoji di samping nama: /status",
  "a display name cannot mix letters of these alphabets":
    "nama tampilan tidak boleh mencampur huruf dari aksara-aksara ini",
  "use letters of one alphabet": "pakai huruf dari satu aksara",
  "somebody has the name '{}' or one that looks like it":
    "sudah ada yang memakai nama '{}' atau nama yang mirip",
  "you can change your display name at most {} times a day":
    "Anda dapat mengubah nama tampilan paling banyak {} kali sehari",
  "join it: chat join --room {}, or /join {}":
    "bergabunglah dahulu: chat join --room {}, atau /join {}",
  "{} needs {}, but only {} is free": "{} memerlukan {}, tetapi hanya {} yang kosong",
  "free up disk space, or choose another folder": "kosongkan ruang disk, atau pilih folder lain",
  "the disk is full; {} is incomplete": "disk penuh; {} belum lengkap",
  "free up disk space, then download it again to resume":
    "kosongkan ruang disk, lalu unduh lagi untuk melanjutkan",
  "no temporary files can be created: {}": "tidak dapat membuat berkas sementara: {}",
  "set TMPDIR to a folder in which you can create files":
    "atur TMPDIR ke folder tempat Anda dapat membuat berkas",
  "no space for {}": "tidak ada ruang disk untuk {}",
  "the disk quota is used up; {} is incomplete": "kuota disk habis; {} belum lengkap",
  "the disk quota is used up; no space for {}": "kuota disk habis; tidak ada ruang untuk {}",
  "free up disk space, or ask the administrator for a larger quota":
    "kosongkan ruang disk, atau minta kuota lebih besar kepada administrator",
  "{} is too large: the disk of {} cannot store files of this size":
    "{} terlalu besar: disk {} tidak dapat menyimpan berkas sebesar ini",
  "choose a folder on another disk": "pilih folder di disk lain",
  "the disk of {} is read-only": "disk {} hanya dapat dibaca",
  "make it writable, or choose another folder": "buka izin tulisnya, atau pilih folder lain",
  "the name of {} is too long for its disk": "nama {} terlalu panjang untuk disknya",
  "use a shorter name, or choose another folder":
    "pakai nama yang lebih pendek, atau pilih folder lain",
  "the disk of {} does not accept {}": "disk {} tidak menerima {}",
  "rename it, or choose a folder on another disk": "ganti namanya, atau pilih folder di disk lain",
  "{} does not exist": "{} tidak ada",
  "check the path": "periksa path-nya",
  "a part of {} is not a folder": "sebagian dari {} bukan folder",
  "choose another folder": "pilih folder lain",
  "{} already exists": "{} sudah ada",
  "move it elsewhere": "pindahkan ke tempat lain",
  "{} is a program that is running": "{} adalah program yang sedang berjalan",
  "Windows does not allow a folder named {}": "Windows tidak mengizinkan folder bernama {}",
  "--exec cannot run {}: cmd would run messages":
    "--exec tidak dapat menjalankan {}: cmd akan menjalankan isi pesan",
  "use PowerShell and $env:CHAT_TEXT: --exec powershell -File SCRIPT.ps1":
    "pakai PowerShell dan $env:CHAT_TEXT: --exec powershell -File SCRIPT.ps1",
  "{} is in use by another program": "{} sedang dipakai program lain",
  "close the program that uses it, then try again": "tutup program yang memakainya, lalu coba lagi",
  "the disk of {} does not support what chat needs": "disk {} tidak mendukung yang diperlukan chat",
  "the disk failed at {}: it cannot be read or written":
    "disk rusak di {}: tidak dapat dibaca atau ditulis",
  "check that the disk is connected and works": "pastikan disk terpasang dan berfungsi",
  "the drive of {} is no longer connected": "drive {} tidak lagi terpasang",
  "the network drive of {} was disconnected or has changed":
    "drive jaringan {} terputus atau berubah",
  "the network drive of {} does not answer": "drive jaringan {} tidak menjawab",
  "connect it again, then try again": "sambungkan kembali, lalu coba lagi",
  "the file system of {} is damaged": "sistem berkas {} rusak",
  "back up the disk and repair its file system": "cadangkan disk itu dan perbaiki sistem berkasnya",
  "chat has too many open files to use {}": "chat membuka terlalu banyak berkas untuk memakai {}",
  "this machine has too many open files to use {}":
    "mesin ini membuka terlalu banyak berkas untuk memakai {}",
  "close some programs, or raise the limit: ulimit -n":
    "tutup beberapa program, atau naikkan batasnya: ulimit -n",
  "this machine has too little memory to use {}": "memori mesin ini tidak cukup untuk memakai {}",
  "close some programs, then try again": "tutup beberapa program, lalu coba lagi",
  "this exceeds your file quota; your files use {}":
    "ini melebihi kuota berkas Anda; berkas Anda memakai {}",
  "this exceeds your file quota; your files use {} and unfinished uploads {} of {}":
    "ini melebihi kuota Anda; berkas memakai {} dan unggahan yang belum selesai {} dari {}",
  "delete unfinished uploads: chat files --delete ID, or /files delete ID":
    "hapus unggahan yang belum selesai: chat files --delete ID, atau /files delete ID",
  "you have no unfinished upload {}": "Anda tidak memiliki unggahan {} yang belum selesai",
  "list yours: chat files, or /files": "lihat milik Anda: chat files, atau /files",
  "this upload was deleted": "unggahan ini dihapus",
  "send the file again": "kirim lagi berkas itu",
  "send it again from the start; a pipe cannot be resumed":
    "kirim lagi dari awal; pengiriman dari pipa tidak dapat dilanjutkan",
  "standard input is closed": "masukan standar tertutup",
  "connect it to a file or a pipe": "hubungkan ke berkas atau pipa",
  "{} is on another machine, {}": "{} berada di mesin lain, {}",
  "use a path on this machine": "pakai path di mesin ini",
  "{} is not a valid file address": "{} bukan alamat berkas yang valid",
  "use the path of the file": "pakai path berkas itu",
  "'{}' is not a valid name": "'{}' bukan nama yang valid",
  "{} is not a size": "{} bukan ukuran",
  "not sent because {} failed": "tidak terkirim karena {} gagal",
  "run {} again": "jalankan {} lagi",
  "{} cannot be run": "{} tidak dapat dijalankan",
  "open {} yourself": "buka {} sendiri",
  "record {}, a file, is damaged or withheld": "catatan {}, sebuah berkas, rusak atau ditahan",
  "a file name can have at most {} bytes": "nama berkas paling banyak {} bita",
  "the file is corrupt, but its bytes were already written":
    "berkas rusak, tetapi bitanya sudah ditulis",
  "unknown key {}": "tombol {} tidak dikenal",
  "unknown key command {}": "perintah tombol {} tidak dikenal",
  "{} types text and cannot be bound to {}": "{} mengetik teks dan tidak dapat dipakai untuk {}",
  "add a modifier: alt-{}": "tambahkan tombol pengubah: alt-{}",
  "{}: {} must be a string": "{}: {} harus berupa teks",
  "{}: more than {} entries": "{}: lebih dari {} entri",
  "not supported here": "tidak didukung di sini",
  "you are not in {}": "Anda tidak berada di {}",
  "a status can have at most {} bytes": "status paling banyak {} bita",
  "you can have at most {} keywords": "Anda dapat memiliki paling banyak {} kata kunci",
  "a keyword can have at most {} bytes": "kata kunci paling banyak {} bita",
  reconnecting: "menyambung kembali",
  "you are already logged in as {}": "Anda sudah masuk sebagai {}",
  "unexpected '{}' during an upload": "'{}' yang tidak terduga saat mengunggah",
  "the server has too many chunks of '{}'": "server memiliki terlalu banyak potongan '{}'",
  "the server has lost the uploaded part of '{}'":
    "server kehilangan bagian '{}' yang sudah diunggah",
  "'{}' is shorter than before": "'{}' lebih pendek daripada sebelumnya",
  "unexpected '{}' during a download": "'{}' yang tidak terduga saat mengunduh",
  "chunk {} is repeated or beyond the end": "potongan {} berulang atau melewati akhir berkas",
  "chunk {} of '{}' ({}) has a wrong checksum":
    "potongan {} dari '{}' ({}) memiliki checksum yang salah",
  "the server has not returned the newest message of '{}' yet":
    "server belum mengirim pesan terbaru '{}'",
  "the server has not responded for {} s": "server tidak menjawab selama {} detik",
  "{} requests are pending": "{} permintaan masih menunggu",
  "{}: unknown user or wrong password": "{}: pengguna tidak dikenal atau kata sandi salah",
  "the server does not prove that a device belongs to {}":
    "server tidak membuktikan bahwa sebuah perangkat milik {}",
  "a queued message to '{}' can no longer be decrypted":
    "pesan yang menunggu untuk '{}' tidak dapat didekripsi lagi",
  "the server at {} does not answer": "server di {} tidak menjawab",
  "the server sent no greeting within {} s": "server tidak mengirim salam dalam {} detik",
  "the server uses protocol version {}": "server memakai protokol versi {}",
  "unknown server: {}": "server tidak dikenal: {}",
  "confirm it with the owner, then run chat trust accept {}":
    "pastikan kepada pemiliknya, lalu jalankan chat trust accept {}",
  "the server lists more than {} rooms": "server menampilkan lebih dari {} ruang",
  "shorten it": "persingkat",
  "the account {} was removed": "akun {} telah dihapus",
  "{} has no password and no other device to sign in with":
    "{} tidak memiliki kata sandi atau perangkat lain untuk masuk",
  "you can ignore at most {} people": "Anda dapat mengabaikan paling banyak {} orang",
  "the name '{}' is taken": "nama '{}' sudah dipakai",
  "{} has reached the limit of {} devices": "{} sudah mencapai batas {} perangkat",
  "limit of {} transfers over connections of their own reached":
    "batas {} transfer melalui sambungan tersendiri tercapai",
  "{} has reached the limit of {} sessions over UDP": "{} sudah mencapai batas {} sesi melalui UDP",
  "too many connections over UDP": "terlalu banyak sambungan melalui UDP",
  "connect over TCP": "sambungkan melalui TCP",
  "connect over TCP, or close another session": "sambungkan melalui TCP, atau tutup sesi lain",
  "you can save at most {} messages": "Anda dapat menyimpan paling banyak {} pesan",
  "you can have settings for at most {} rooms":
    "Anda dapat memiliki setelan untuk paling banyak {} ruang",
  "only the creator of '{}' can create its encryption group":
    "hanya pembuat '{}' yang dapat membuat grup enkripsinya",
  "an encrypted room can have at most {} devices":
    "ruang terenkripsi paling banyak memiliki {} perangkat",
  "the commit does not remove all devices of {}":
    "perubahan ini tidak mengeluarkan semua perangkat {}",
  "'{}' is encrypted": "'{}' terenkripsi",
  "you are banned from this server{}": "Anda dilarang masuk ke server ini{}",
  "you are banned from this server until {}{}": "Anda dilarang masuk ke server ini sampai {}{}",
  "you can begin at most {} conversations": "Anda dapat memulai paling banyak {} percakapan",
  "you have created {} rooms and groups that were removed":
    "Anda telah membuat {} ruang dan grup yang dihapus",
  "ask an operator to create the room": "minta operator membuat ruang itu",
  "you can be in at most {} rooms": "Anda dapat berada di paling banyak {} ruang",
  "an account can have at most {} IRC passwords":
    "akun dapat memiliki paling banyak {} kata sandi IRC",
  "no room named '{}'": "tidak ada ruang bernama '{}'",
  "no box named '{}', or you may not read it":
    "tidak ada kotak tugas '{}', atau Anda tidak boleh membacanya",
  "see who has handed in work: /handed": "lihat siapa yang sudah mengumpulkan: /handed",
  "you are not in '{}'": "Anda tidak berada di '{}'",
  "no user named '{}'": "tidak ada pengguna bernama '{}'",
  "room '{}' already exists": "ruang '{}' sudah ada",
  "choose another name, or join it without a topic": "pilih nama lain, atau bergabung tanpa topik",
  "you cannot import into '{}': you are not a moderator":
    "Anda tidak dapat mengimpor ke '{}': Anda bukan moderator",
  "{} is not in '{}'": "{} tidak berada di '{}'",
  "message {} is already pinned": "pesan {} sudah disematkan",
  "a room can have at most {} pinned messages":
    "ruang dapat memiliki paling banyak {} pesan yang disematkan",
  "'{}' is read-only": "'{}' hanya dapat dibaca",
  "you are muted in '{}'": "Anda dibisukan di '{}'",
  "you are muted in '{}' until {}": "Anda dibisukan di '{}' sampai {}",
  "'{}' requires a password": "'{}' memerlukan kata sandi",
  "'{}' is encrypted, and you are not a member": "'{}' terenkripsi, dan Anda bukan anggota",
  "'{}' has reached the limit of {} members": "'{}' sudah mencapai batas {} anggota",
  "this server has reached its limit of {} rooms": "server ini sudah mencapai batas {} ruang",
  "you can create at most {} rooms on this server":
    "Anda dapat membuat paling banyak {} ruang di server ini",
  "post {} is out of order: later posts are pending":
    "kiriman {} tidak berurutan: kiriman berikutnya masih menunggu",
  "'{}' is still being created": "'{}' masih dibuat",
  "post {} is out of order: later posts were already accepted":
    "kiriman {} tidak berurutan: kiriman berikutnya sudah diterima",
  "malformed folder list: {}": "daftar folder salah bentuk: {}",
  "a password can have at most {} bytes": "kata sandi paling banyak {} bita",
  "chunk {} of an encrypted file is damaged": "potongan {} dari berkas terenkripsi rusak",
  "data of an encrypted room is too large: {} bytes (maximum {})":
    "data ruang terenkripsi terlalu besar: {} bita (maksimum {})",
  "a message to an encrypted room is too large: {} bytes":
    "pesan ke ruang terenkripsi terlalu besar: {} bita",
  "an encrypted room is at epoch {} on this device, not {}":
    "ruang terenkripsi ada di epoch {} pada perangkat ini, bukan {}",
  "{} was removed or replaced while in use": "{} dihapus atau diganti saat dipakai",
  "{} is a pipe": "{} adalah pipa",
  "use a regular file": "pakai berkas biasa",
  "{} is too large": "{} terlalu besar",
  "use a smaller file": "pakai berkas yang lebih kecil",
  "{} cannot be a folder": "{} tidak dapat menjadi folder",
  "the current folder was deleted": "folder saat ini telah dihapus",
  "change to another folder, or use an absolute path":
    "pindah ke folder lain, atau pakai path absolut",
  "{} is in use by {}": "{} sedang dipakai oleh {}",
  "{} cannot be locked": "{} tidak dapat dikunci",
  "{} is a folder": "{} adalah folder",
  "{} is a link or not a regular file": "{} adalah tautan atau bukan berkas biasa",
  "{} has an overlong line": "{} memiliki baris yang terlalu panjang",
  "the disk failed at {} ({})": "disk gagal pada {} ({})",
  "{} already has {} partial files of {}": "{} sudah memiliki {} berkas sebagian dari {}",
  "{} is too large: {} bytes": "{} terlalu besar: {} bita",
  "{} already has {} files named {}": "{} sudah memiliki {} berkas bernama {}",
  "this machine has no IPv4 address, which discovery needs":
    "komputer ini tidak memiliki alamat IPv4, yang diperlukan untuk pencarian",
  "name the server's address or paste an invite": "sebutkan alamat server atau tempelkan undangan",
  "a message is longer than {} bytes": "sebuah pesan lebih panjang dari {} bita",
  "cannot resolve {}": "alamat {} tidak dapat ditemukan",
  "{} did not accept another data channel": "{} tidak menerima saluran data lain",
  "cannot connect to {} over UDP": "tidak dapat menyambung ke {} melalui UDP",
  "{} did not answer over UDP within {} s": "{} tidak menjawab melalui UDP dalam {} detik",
  "local UDP port {} is in use": "porta UDP lokal {} sedang dipakai",
  "local port {} requires administrator rights": "porta lokal {} memerlukan hak administrator",
  "at most {} rooms and users can be muted":
    "paling banyak {} ruang dan pengguna dapat disenyapkan",
  "{} is in use by another process": "{} sedang dipakai proses lain",
  "{} was written by a newer version": "{} ditulis oleh versi yang lebih baru",
  "{} is damaged": "{} rusak",
  "put it back, or sign in again": "kembalikan, atau masuk lagi",
  "{} cannot be used ({})": "{} tidak dapat dipakai ({})",
  "the proxy at {} does not reach the chat server": "proksi di {} tidak mencapai server chat",
  "this device does not have {}'s account key": "perangkat ini tidak memiliki kunci akun {}",
  "this is not a reset code": "ini bukan kode setel ulang",
  "'{}' is not an IP address": "'{}' bukan alamat IP",
  "no invite '{}'": "tidak ada undangan '{}'",
  "your invites are limited to {} uses": "undangan Anda dibatasi {} kali pakai",
  "you are not a moderator of '{}'": "Anda bukan moderator '{}'",
  "you are not a member of '{}', and the token would act for you":
    "Anda bukan anggota '{}', dan token akan bertindak atas nama Anda",
  "join it first: chat join --room {}": "bergabunglah dahulu: chat join --room {}",
  "files are limited to {} here": "berkas dibatasi {} di sini",
  "the server has reached its file limit of {}": "server sudah mencapai batas berkas {}",
  "limit of {} unfinished uploads reached": "batas {} unggahan yang belum selesai tercapai",
  "chunk {} does not belong to an upload on this channel":
    "potongan {} bukan bagian dari unggahan di saluran ini",
  "the file has only {} chunks": "berkas ini hanya memiliki {} potongan",
  "limit of {} transfers per session reached": "batas {} transfer per sesi tercapai",
  "limit of {} transfers per account reached": "batas {} transfer per akun tercapai",
  "previews are limited to {}": "pratinjau dibatasi {}",
  "record {} is a '{}'; only messages can be changed":
    "catatan {} adalah '{}'; hanya pesan yang dapat diubah",
  "{} has no password to sign in with again": "{} tidak memiliki kata sandi untuk masuk lagi",
  "limit of {} bans reached": "batas {} larangan tercapai",
  "limit of {} additions per hour reached": "batas {} penambahan per jam tercapai",
  "message of {} bytes before log-in": "pesan {} bita sebelum masuk",
  "this server supports protocol version {}, not {}":
    "server ini mendukung protokol versi {}, bukan {}",
  "you were renamed to {}": "nama Anda diganti menjadi {}",
  "account {} was removed": "akun {} telah dihapus",
  "use has:file": "pakai has:file",
  "a message of {} bytes exceeds the limit of {}": "pesan {} bita melebihi batas {}",
  "{} is not a fingerprint": "{} bukan sidik jari",
  "{} is not a port": "{} bukan porta",
  "{} is not a transport": "{} bukan transpor",
  "an invite can have at most {} addresses": "undangan paling banyak memuat {} alamat",
  "{} is not a server address": "{} bukan alamat server",
  "{} is not a code": "{} bukan kode",
  "codes do not use the word {}": "kode tidak memakai kata {}",
  "{} accepts no more connections": "{} tidak menerima sambungan lagi",
  "{} was written by a newer version (format {})":
    "{} ditulis oleh versi yang lebih baru (format {})",
  "check the code, or ask the sender to share again":
    "periksa kodenya, atau minta pengirim membagikan lagi",
  "ask the sender to share again": "minta pengirim membagikan lagi",
  "ask its moderators: /join ROOM": "minta kepada moderatornya: /join ROOM",
  "see the skipped entries": "lihat entri yang dilewati",
  "nothing has arrived for {} s, but the server accepts other connections":
    "tidak ada yang diterima selama {} detik, tetapi server menerima sambungan lain",
  "try again; if it persists, choose another --transport":
    "coba lagi; jika berlanjut, pilih --transport lain",
  "the proxy at {} does not pass on the WebSocket upgrade":
    "proksi di {} tidak meneruskan peningkatan ke WebSocket",
  "choose another port with --port": "pilih porta lain dengan --port",
  "choose another folder with --data": "pilih folder lain dengan --data",
  "stop that process, or choose another folder with --data":
    "hentikan proses itu, atau pilih folder lain dengan --data",
  "stop this server, run chat cluster rejoin DIR on its data folder, and start it again":
    "hentikan server ini, jalankan chat cluster rejoin DIR pada folder datanya, lalu mulai lagi",
  "the part of the invite after # is damaged": "bagian undangan setelah # rusak",
  "the code has been used": "kode ini sudah dipakai",
  "messages arrive faster than they can be decrypted":
    "pesan datang lebih cepat daripada yang dapat didekripsi",
  "this device signed in by password and has no account key":
    "perangkat ini masuk dengan kata sandi dan tidak memiliki kunci akun",
  "messages arrive faster than they are read": "pesan datang lebih cepat daripada yang dibaca",
  "registration requires the server password": "pendaftaran memerlukan kata sandi server",
  "the server is busy": "server sedang sibuk",
  "no such device": "perangkat itu tidak ada",
  "this device was signed out": "perangkat ini telah dikeluarkan dari akun",
  "the server's own machine cannot be banned": "mesin server sendiri tidak dapat diblokir",
  "only operators can do this": "hanya operator yang dapat melakukan ini",
  "you have too many codes in use": "terlalu banyak kode Anda yang sedang dipakai",
  "the code's number is in use": "nomor kode itu sedang dipakai",
  "too many devices are using this code": "terlalu banyak perangkat memakai kode ini",
  "registration is closed": "pendaftaran ditutup",
  "this device was signed out to make room for another":
    "perangkat ini dikeluarkan dari akun untuk memberi tempat bagi yang lain",
  "the current password is required": "kata sandi yang sekarang diperlukan",
  "the password is empty": "kata sandi kosong",
  "this device cannot sign in as that user": "perangkat ini tidak dapat masuk sebagai pengguna itu",
  "the history is empty": "riwayat masih kosong",
  "you cannot sign yourself out here": "Anda tidak dapat mengeluarkan diri sendiri di sini",
  "you cannot ban yourself": "Anda tidak dapat memblokir diri sendiri",
  "you cannot remove yourself": "Anda tidak dapat menghapus diri sendiri",
  "too many requests for this device": "terlalu banyak permintaan untuk perangkat ini",
  "the server has lost the data that devices need to join the room":
    "server kehilangan data yang diperlukan perangkat untuk bergabung ke ruang",
  "this device signed in with a password and cannot use encrypted rooms":
    "perangkat ini masuk dengan kata sandi dan tidak dapat memakai ruang terenkripsi",
  "too many requests from this device": "terlalu banyak permintaan dari perangkat ini",
  "this file is being deleted": "berkas ini sedang dihapus",
  "the server's disk is busy": "disk server sedang sibuk",
  "an operator cancelled this transfer": "operator membatalkan transfer ini",
  "this file belongs to another user": "berkas ini milik pengguna lain",
  "a file has too many chunks": "berkas terlalu besar untuk dienkripsi",
  "this device has no certificate for encrypted rooms":
    "perangkat ini tidak memiliki sertifikat untuk ruang terenkripsi",
  "this server has reached its account limit": "server ini sudah mencapai batas jumlah akun",
  "you cannot ignore yourself": "Anda tidak dapat mengabaikan diri sendiri",
  "a group needs at least one device": "ruang terenkripsi memerlukan minimal satu perangkat",
  "only a moderator can revert a commit": "hanya moderator yang dapat membatalkan perubahan kunci",
  "this room is not encrypted": "ruang ini tidak terenkripsi",
  "notes to yourself have no read receipts": "catatan untuk diri sendiri tidak memiliki tanda baca",
  "only a plain text can be a poll": "hanya teks biasa yang dapat menjadi jajak pendapat",
  "only a plain text can be a notice": "hanya teks biasa yang dapat menjadi pemberitahuan",
  "a reaction must be one emoji or a short word": "reaksi harus berupa satu emoji atau kata pendek",
  "another log-in is in progress on this connection":
    "proses masuk lain sedang berlangsung di koneksi ini",
  "choose another password": "pilih kata sandi lain",
  "use 2026-11-20, 2026-11-20T05:46, 09:00, yesterday, 10m or '2 hours ago'":
    "pakai 2026-11-20, 2026-11-20T05:46, 09:00, yesterday, 10m atau '2 hours ago'",
  "use 500M, 10G or 1.5TB": "pakai 500M, 10G atau 1.5TB",
  "use a number from 1 to 65535": "pakai angka dari 1 sampai 65535",
  "use via=tcp or via=udp": "pakai via=tcp atau via=udp",
  "remove some addresses from also=": "hapus beberapa alamat dari also=",
  "copy it again, between single quotes": "salin lagi, di antara tanda kutip tunggal",
  "create a new room: /join ROOM --sealed": "buat ruang baru: /join ROOM --sealed",
  "use the device that created the account, or one linked to it":
    "pakai perangkat yang membuat akun, atau yang ditautkan dengannya",
  "run chat devices": "jalankan chat devices",
  "link from the device that created the account, or from one linked to it":
    "tautkan dari perangkat yang membuat akun, atau dari yang ditautkan dengannya",
  "use the form 192.0.2.7 or 2001:db8::7": "pakai bentuk 192.0.2.7 atau 2001:db8::7",
  "ban the account instead": "blokir akunnya saja",
  "run chat admin invites": "jalankan chat admin invites",
  "ask an operator for more": "minta tambahan kepada operator",
  "specify a room to join, or a room to post to or read":
    "sebutkan ruang untuk bergabung, atau ruang untuk mengirim atau membaca",
  "create two tokens": "buat dua token",
  "revoke some: chat admin invites --revoke ID": "cabut beberapa: chat admin invites --revoke ID",
  "ask for a new one": "mintalah yang baru",
  "set CHAT_ROOM_PASSWORD, use --room-password-file, or use an invite":
    "isi CHAT_ROOM_PASSWORD, pakai --room-password-file, atau pakai undangan",
  "ask for an invite": "mintalah undangan",
  "set CHAT_PASSWORD or use --password-file; if you lost it: chat passwd --reset":
    "isi CHAT_PASSWORD atau pakai --password-file; jika lupa: chat passwd --reset",
  "omit the password": "hilangkan kata sandinya",
  "find its number: chat history --json": "cari nomornya: chat history --json",
  "use only one of them": "pakai salah satu saja",
  "unban a user or address first": "cabut dahulu blokir seorang pengguna atau alamat",
  "specify another user": "sebutkan pengguna lain",
  "ask a member of the room to connect with an up-to-date version of chat":
    "minta anggota ruang tersambung dengan versi chat terbaru",
  "link it to a device that can: chat link-device":
    "tautkan dengan perangkat yang dapat: chat link-device",
  "send a smaller file, or ask the server's owner":
    "kirim berkas yang lebih kecil, atau hubungi pemilik server",
  "send it again as a new file": "kirim lagi sebagai berkas baru",
  "run chat link-device on a device that has one":
    "jalankan chat link-device di perangkat yang memilikinya",
  "send it again; a pipe cannot be read twice": "kirim lagi; pipa tidak dapat dibaca dua kali",
  "move some of them elsewhere": "pindahkan sebagian ke tempat lain",
  "check the port, or open a web page if this network has a log-in page":
    "periksa porta, atau buka halaman web jika jaringan ini memiliki halaman masuk",
  "unmute one first": "batalkan dahulu satu pembisuan",
  "quit the other chat program": "tutup program chat yang lain",
  "upgrade chat, or set another CHAT_HOME": "perbarui chat, atau atur CHAT_HOME lain",
  "quit chat and move that file elsewhere; this device then rejoins its rooms":
    "tutup chat dan pindahkan berkas itu; perangkat ini lalu bergabung lagi ke ruang-ruangnya",
  "ask an operator for an invite": "mintalah undangan kepada operator",
  "stop ignoring someone first: /unignore NAME":
    "berhentilah mengabaikan seseorang dahulu: /unignore NAME",
  "remove one first: /unsave SEQ": "hapus satu dahulu: /unsave SEQ",
  "unhide or unmute some rooms": "tampilkan lagi atau bunyikan lagi beberapa ruang",
  "use a device that is a member of the room": "pakai perangkat yang menjadi anggota ruang",
  "leave one first: /leave ROOM": "keluar dari satu ruang dahulu: /leave ROOM",
  "ask an operator to remove unused groups: chat admin groups":
    "minta operator menghapus grup yang tidak dipakai: chat admin groups",
  "revoke one first": "cabut satu dahulu",
  "list members with /who": "lihat anggota dengan /who",
  "unpin one first: /unpin SEQ": "lepas satu sematan dahulu: /unpin SEQ",
  "create another room": "buat ruang lain",
  "ask an operator to reopen it": "minta operator membukanya lagi",
  "use /join ROOM PASSWORD": "pakai /join ROOM PASSWORD",
  "ask an operator to remove unused rooms: chat admin room remove":
    "minta operator menghapus ruang yang tidak dipakai: chat admin room remove",
  "use a form such as ctrl-x, alt-enter, shift-tab or f5":
    "pakai bentuk seperti ctrl-x, alt-enter, shift-tab atau f5",
  "remove some entries": "hapus beberapa entri",
};
