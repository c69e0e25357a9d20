/** Indonesian names and search words of the most common emoji. */

/**
 * One emoji per line: its gemoji name, its Indonesian name, and search words. All others are found
 * by their English names.
 */
const LINES = `
grinning wajah gembira, tersenyum lebar, senang
smiley wajah ceria, senyum, bahagia
smile senyum, tersenyum, mata tersenyum
grin menyeringai, nyengir
laughing tertawa, ketawa, ngakak
sweat_smile senyum berkeringat, gugup, malu
rofl tertawa terguling, ngakak, wkwk, ketawa
joy menangis bahagia, tertawa, ketawa, wkwk, haha
slightly_smiling_face senyum tipis, senyum
upside_down_face wajah terbalik, aneh
melting_face meleleh, kepanasan, malu
wink kedip, mengedipkan mata, genit
blush tersipu, senyum malu, senang
innocent malaikat, polos, tak bersalah
smiling_face_with_three_hearts senyum penuh cinta, sayang, bahagia
heart_eyes mata cinta, jatuh cinta, suka, naksir
star_struck terpukau, kagum, mata bintang
kissing_heart kecup, cium, sayang, muach
kissing mencium, cium
kissing_closed_eyes cium mata tertutup, cium
smiling_face_with_tear senyum dan air mata, terharu, sedih
yum lezat, enak, sedap, lapar
stuck_out_tongue menjulurkan lidah, melet
stuck_out_tongue_winking_eye melet sambil kedip, bercanda
zany_face gila, konyol, kocak
money_mouth_face mata duitan, uang, kaya
hugs memeluk, peluk, pelukan
hand_over_mouth menutup mulut, ups, terkekeh
face_with_peeking_eye mengintip, takut
shushing_face diam, sst, jangan berisik
thinking berpikir, mikir, hmm
saluting_face hormat, siap, salut
zipper_mouth_face mulut terkunci, diam, rahasia
raised_eyebrow mengangkat alis, ragu, curiga
neutral_face wajah datar, biasa saja
expressionless tanpa ekspresi, datar, capek
no_mouth tanpa mulut, diam, bungkam
smirk senyum sinis, licik
unamused tidak senang, bete, kesal
roll_eyes memutar mata, malas, bosan
grimacing meringis, canggung
face_exhaling menghela napas, lega, lelah
lying_face bohong, pembohong, hidung panjang
relieved lega, tenang
pensive murung, sedih, termenung
sleepy mengantuk, ngantuk
drooling_face ngiler, air liur, lapar
sleeping tidur, tertidur
mask masker, sakit, pakai masker
face_with_thermometer demam, sakit, termometer
face_with_head_bandage kepala diperban, terluka, sakit
nauseated_face mual, jijik, eneg
vomiting_face muntah, jijik
sneezing_face bersin, pilek, flu
hot_face kepanasan, panas, gerah
cold_face kedinginan, dingin, beku
woozy_face mabuk, pusing
dizzy_face pusing, kaget
exploding_head kepala meledak, kaget, takjub
cowboy_hat_face koboi, topi
partying_face pesta, merayakan, ulang tahun
disguised_face menyamar, penyamaran
sunglasses kacamata hitam, keren, gaya
nerd_face kutu buku, kacamata, pintar
monocle_face kaca mata satu, meneliti
confused bingung
worried cemas, khawatir
slightly_frowning_face agak sedih, cemberut
frowning_face cemberut, sedih
open_mouth mulut terbuka, kaget, heran, wow
hushed terdiam, kaget
astonished tercengang, kaget, heran
flushed wajah merah, malu, kaget
pleading_face memohon, mohon, mata memelas
face_holding_back_tears menahan tangis, terharu
frowning mengerutkan dahi, kecewa
anguished menderita, sedih
fearful takut, ketakutan
cold_sweat keringat dingin, cemas, gugup
disappointed_relieved kecewa tapi lega, fiuh
cry menangis, sedih, air mata
sob menangis keras, nangis, tersedu, sedih
scream berteriak, takut, ngeri
confounded kacau, kesal
persevere bertahan, tekun
disappointed kecewa, sedih
sweat berkeringat, lelah
weary letih, lelah, capek
tired_face lelah, capek
yawning_face menguap, mengantuk, bosan
triumph mendengus, kesal, bangga
rage marah besar, murka, marah
angry marah, kesal
cursing_face mengumpat, memaki, marah
smiling_imp setan tersenyum, iblis, nakal
imp setan, iblis, marah
skull tengkorak, mati
hankey kotoran, tahi, tinja
clown_face badut
ghost hantu, setan
alien makhluk luar angkasa, alien
robot robot
smiley_cat kucing tersenyum
heart_eyes_cat kucing jatuh cinta
see_no_evil tutup mata, monyet, malu
hear_no_evil tutup telinga, monyet
speak_no_evil tutup mulut, monyet, rahasia
love_letter surat cinta
cupid panah asmara, hati dan panah, cinta
gift_heart hati berpita, hadiah, cinta
sparkling_heart hati berkilau, cinta
heartpulse hati berdebar, cinta
heartbeat detak jantung, berdebar
revolving_hearts hati berputar, cinta
two_hearts dua hati, cinta, sayang
broken_heart patah hati, putus, sedih
heart_on_fire hati membara, cinta, semangat
mending_heart hati yang pulih, sembuh
heart hati merah, hati, cinta, sayang, suka, love
orange_heart hati jingga, hati oranye
yellow_heart hati kuning
green_heart hati hijau
blue_heart hati biru
purple_heart hati ungu
brown_heart hati cokelat
black_heart hati hitam
white_heart hati putih
kiss bekas ciuman, cium, bibir
100 seratus, nilai seratus, sempurna, mantap
anger amarah, marah
boom ledakan, duar, tabrakan
dizzy bintang pusing, pusing
sweat_drops tetesan, keringat, air
dash angin, cepat, kabur
speech_balloon balon kata, bicara, obrolan
thought_balloon balon pikiran, berpikir
zzz tidur, mengantuk
wave lambaian tangan, halo, hai, dadah
raised_back_of_hand punggung tangan
hand telapak tangan, stop, berhenti, tos
vulcan_salute salam vulkan
ok_hand oke, sip, bagus, sempurna
pinched_fingers jari menguncup, maksudnya
pinching_hand sedikit, kecil
v damai, tanda damai, dua jari
crossed_fingers jari disilangkan, semoga berhasil
love_you_gesture aku sayang kamu, cinta
metal tanda metal, musik rok
call_me_hand telepon aku, hubungi aku
point_left tunjuk kiri, kiri
point_right tunjuk kanan, kanan
point_up_2 tunjuk atas, atas
point_down tunjuk bawah, bawah
point_up jari telunjuk, satu, tanya
+1 jempol, setuju, suka, bagus, sip, oke
-1 jempol ke bawah, tidak setuju, tidak suka, jelek
fist_raised kepalan tangan, semangat
fist_oncoming tinju, tos
clap tepuk tangan, selamat, hebat
raised_hands angkat tangan, hore, syukur
heart_hands tangan hati, cinta
open_hands tangan terbuka
palms_up_together menengadah, berdoa, memohon
handshake jabat tangan, salaman, sepakat
pray terima kasih, tolong, mohon, berdoa, doa, maaf
writing_hand menulis, tulis
nail_care cat kuku, kuku
selfie swafoto
muscle otot, kuat, semangat
leg kaki
ear telinga, dengar
nose hidung
brain otak, pintar
tooth gigi
bone tulang
eyes mata, lihat, melihat
eye satu mata
tongue lidah
lips bibir
baby bayi
child anak
boy anak laki-laki
girl anak perempuan
man laki-laki, pria
woman perempuan, wanita
older_man kakek
older_woman nenek
no_good tidak boleh, jangan, tidak
ok_person boleh, oke
raising_hand angkat tangan, tunjuk tangan, saya, hadir
bow membungkuk, maaf, hormat
facepalm tepuk jidat, tepuk dahi, aduh
shrug angkat bahu, tidak tahu, entah
student pelajar, murid, siswa, mahasiswa
teacher guru, dosen
judge hakim
farmer petani
cook juru masak, koki
technologist pengembang, programmer, komputer
scientist ilmuwan
police_officer polisi
guard penjaga
ninja ninja
construction_worker pekerja bangunan, tukang
person_with_crown raja
princess putri
angel malaikat kecil
superhero pahlawan super
zombie mayat hidup
walking berjalan, jalan kaki
runner berlari, lari
woman_dancing menari, joget
man_dancing pria menari, joget
people_hugging berpelukan, peluk
family keluarga
footprints jejak kaki
busts_in_silhouette orang-orang, kelompok, anggota
bust_in_silhouette orang, pengguna
speaking_head berbicara, bicara
swimmer berenang, renang
bicyclist bersepeda, sepeda
lotus_position meditasi, yoga
bath mandi, berendam
monkey_face wajah monyet, monyet
monkey monyet
orangutan orang utan
dog wajah anjing, anjing
dog2 anjing
wolf serigala
fox_face rubah
cat wajah kucing, kucing
cat2 kucing
lion singa
tiger wajah harimau, harimau
tiger2 harimau
horse wajah kuda, kuda
racehorse kuda
unicorn unicorn, kuda bertanduk
cow wajah sapi, sapi
water_buffalo kerbau
cow2 sapi
pig wajah babi, babi
pig2 babi
sheep domba
goat kambing
camel unta
giraffe jerapah
elephant gajah
rhinoceros badak
mouse wajah tikus, tikus
rat tikus besar, tikus
rabbit wajah kelinci, kelinci
rabbit2 kelinci
bat kelelawar
bear beruang
koala koala
panda_face panda
kangaroo kanguru
turkey kalkun
chicken ayam
rooster ayam jantan, jago
hatching_chick anak ayam menetas
baby_chick anak ayam
bird burung
penguin pinguin
dove merpati, damai
eagle elang, garuda
duck bebek
owl burung hantu
parrot burung beo
frog katak, kodok
crocodile buaya
turtle kura-kura, penyu
lizard kadal, cicak
snake ular
dragon naga
t-rex dinosaurus
whale paus menyembur, paus
dolphin lumba-lumba
fish ikan
tropical_fish ikan tropis
shark hiu
octopus gurita
snail siput, keong, lambat
butterfly kupu-kupu
bug ulat, serangga
ant semut
bee lebah
beetle kumbang
lady_beetle kepik
cockroach kecoak
spider laba-laba
mosquito nyamuk
fly lalat
worm cacing
bouquet buket bunga, bunga
cherry_blossom bunga sakura, bunga
rose mawar, bunga
wilted_flower bunga layu
hibiscus kembang sepatu, bunga
sunflower bunga matahari
blossom bunga mekar
tulip tulip, bunga
lotus teratai
seedling tunas, bibit
potted_plant tanaman pot
evergreen_tree pohon cemara, pohon
deciduous_tree pohon rindang, pohon
palm_tree pohon kelapa, pantai
cactus kaktus
ear_of_rice padi
herb tanaman herbal, daun
four_leaf_clover semanggi, beruntung
maple_leaf daun mapel
fallen_leaf daun gugur
leaves daun
mushroom jamur
grapes anggur
melon melon
watermelon semangka
tangerine jeruk
lemon lemon, jeruk nipis
banana pisang
pineapple nanas
mango mangga
apple apel merah, apel
green_apple apel hijau
pear pir
peach persik
cherries ceri
strawberry stroberi
tomato tomat
coconut kelapa
avocado alpukat
eggplant terong
potato kentang
carrot wortel
corn jagung
hot_pepper cabai, pedas
cucumber mentimun, timun
leafy_green sayuran hijau, sawi
broccoli brokoli
garlic bawang putih
onion bawang merah, bawang
peanuts kacang tanah, kacang
bread roti
cheese keju
meat_on_bone daging
poultry_leg paha ayam, ayam goreng
hamburger burger
fries kentang goreng
pizza pizza
hotdog hot dog
sandwich roti lapis
egg telur
fried_egg telur ceplok, telur mata sapi, memasak
stew rebusan, sop
bowl_with_spoon mangkuk dan sendok, bubur
green_salad salad
popcorn berondong jagung
salt garam
bento bekal, nasi kotak
rice_ball nasi kepal
rice nasi
curry nasi kari, kari
ramen mi kuah, mi, mie, bakso
spaghetti spageti
sweet_potato ubi
oden sate
sushi sushi
dumpling pangsit, pastel
crab kepiting
shrimp udang
squid cumi-cumi
icecream es krim, es
shaved_ice es serut, es campur
ice_cream es krim cangkir, es krim
doughnut donat
cookie kue kering, biskuit
birthday kue ulang tahun, ulang tahun
cake kue
cupcake kue mangkuk
chocolate_bar cokelat
candy permen
lollipop permen lolipop
honey_pot madu
baby_bottle botol bayi, dot
milk_glass susu
coffee kopi, minuman panas, ngopi
tea teh
teapot teko
wine_glass gelas anggur
tropical_drink minuman tropis
beer bir
beers bersulang
clinking_glasses bersulang, selamat
cup_with_straw minuman dan sedotan, es teh
bubble_tea teh boba, boba
ice_cube es batu
chopsticks sumpit
plate_with_cutlery makan, piring, sendok dan garpu
fork_and_knife garpu dan pisau, makan
spoon sendok
earth_asia bumi asia, bumi, dunia
earth_africa bumi afrika, bumi, dunia
globe_with_meridians dunia, internet, bola dunia
world_map peta dunia, peta
compass kompas
mountain gunung
volcano gunung berapi
camping berkemah, kemah
beach_umbrella pantai
desert_island pulau
stadium stadion
classical_building gedung
house rumah
house_with_garden rumah dan taman, rumah
office kantor
post_office kantor pos
hospital rumah sakit
bank bank
hotel hotel
convenience_store toko, warung, minimarket
school sekolah
department_store mal, pusat belanja
factory pabrik
church gereja
mosque masjid, musala
hindu_temple kuil hindu, pura
kaaba kakbah, haji
tent tenda
cityscape kota
sunrise matahari terbit, pagi
city_sunset senja, sore
night_with_stars malam berbintang, malam
ferris_wheel bianglala
train kereta
train2 kereta api, kereta
bus bus, bis
ambulance ambulans
fire_engine mobil pemadam kebakaran
police_car mobil polisi
taxi taksi
car mobil
truck truk
tractor traktor
motorcycle sepeda motor, motor
motor_scooter skuter, motor
auto_rickshaw bajaj, becak
bike sepeda
busstop halte
fuelpump pom bensin, bensin
rotating_light sirene, darurat
traffic_light lampu lalu lintas
stop_sign tanda berhenti, stop
construction sedang dikerjakan, konstruksi
anchor jangkar
boat perahu layar
ship kapal
airplane pesawat, terbang
helicopter helikopter
rocket roket, meluncur
luggage koper
hourglass jam pasir
hourglass_flowing_sand jam pasir, menunggu, tunggu
watch jam tangan
alarm_clock jam weker, alarm
stopwatch stopwatch
clock12 pukul dua belas, jam
new_moon bulan baru
moon bulan
full_moon bulan purnama
crescent_moon bulan sabit, malam
thermometer termometer, suhu
sunny matahari, cerah
sun_with_face matahari tersenyum
star bintang
star2 bintang berkilau, bintang
stars bintang jatuh
cloud awan, berawan
partly_sunny cerah berawan
cloud_with_rain hujan, awan hujan
cloud_with_lightning_and_rain hujan petir, badai
tornado angin puting beliung
fog kabut
rainbow pelangi
umbrella payung, hujan
zap petir, listrik, kilat
snowflake salju, dingin
snowman boneka salju
fire api, kebakaran, panas, mantap, keren
droplet tetes air, air
ocean ombak, laut
christmas_tree pohon natal, natal
fireworks kembang api
sparkler kembang api, tahun baru
sparkles kilauan, berkilau, bersih
balloon balon
tada selamat, perayaan, pesta, hore
confetti_ball pesta, konfeti
red_envelope amplop merah, angpau
ribbon pita
gift hadiah, kado
ticket tiket
trophy piala, juara
medal_sports medali
1st_place_medal medali emas, juara satu
2nd_place_medal medali perak
3rd_place_medal medali perunggu
soccer sepak bola, bola
basketball bola basket, basket
volleyball bola voli, voli
tennis tenis
bowling boling
ping_pong tenis meja
badminton bulu tangkis, badminton
boxing_glove sarung tinju, tinju
martial_arts_uniform bela diri, silat
fishing_pole_and_fish memancing, pancing
dart tepat sasaran, target
kite layang-layang
crystal_ball bola kristal
magic_wand tongkat sihir, sulap
video_game permainan video, gim, main
game_die dadu
jigsaw teka-teki, puzzle
teddy_bear boneka beruang
chess_pawn catur, pion
performing_arts teater, topeng
art seni, lukisan, melukis
thread benang
yarn benang wol
eyeglasses kacamata
dark_sunglasses kacamata hitam
necktie dasi, kemeja
shirt kaus, baju
jeans celana jin, celana
gloves sarung tangan
coat jaket, mantel
socks kaus kaki
dress gaun
handbag tas tangan, tas
shopping belanja, tas belanja
school_satchel tas sekolah, ransel
mans_shoe sepatu
athletic_shoe sepatu olahraga, sepatu
high_heel sepatu hak tinggi
crown mahkota, raja
womans_hat topi
mortar_board topi wisuda, wisuda, lulus
billed_cap topi bisbol, topi
rescue_worker_helmet helm
prayer_beads tasbih, doa
lipstick lipstik
ring cincin, menikah
gem permata, berlian
mute tanpa suara, bisu, senyap
loud_sound suara keras, suara
loudspeaker pengeras suara
mega pengumuman, toa, megafon
bell lonceng, bel, pemberitahuan
no_bell lonceng dicoret, senyap
musical_note nada, musik, lagu
notes nada musik, musik, lagu
microphone mikrofon, bernyanyi, karaoke
headphones headphone, mendengarkan, musik
radio radio
guitar gitar, musik
musical_keyboard piano, musik
trumpet terompet
violin biola
drum drum
iphone ponsel, hp, telepon genggam
calling ponsel dan panah, menelepon
phone telepon
telephone_receiver gagang telepon, telepon
battery baterai
low_battery baterai lemah, baterai habis
electric_plug colokan listrik, listrik
computer laptop, komputer
desktop_computer komputer meja, komputer
printer pencetak
keyboard papan ketik
computer_mouse tetikus
floppy_disk disket, simpan
cd cakram optik
movie_camera kamera film, film
clapper papan syuting, film
tv televisi, tv
camera kamera, foto
camera_flash kamera dan lampu kilat, foto
video_camera kamera video, video
mag kaca pembesar, cari, mencari
candle lilin
bulb bohlam, lampu, ide, gagasan
flashlight senter
notebook_with_decorative_cover buku catatan
closed_book buku tertutup, buku
book buku terbuka, membaca, baca
books tumpukan buku, buku, belajar
notebook catatan
scroll gulungan kertas
page_facing_up halaman, dokumen
newspaper koran, berita
bookmark penanda buku
label label
moneybag kantong uang, uang, duit
coin koin
dollar uang kertas, uang, duit
money_with_wings uang terbang, boros
credit_card kartu kredit
receipt struk, kuitansi
email surel, surat elektronik, surat
envelope amplop, surat
incoming_envelope surat masuk
package paket, kiriman
mailbox kotak surat
postbox kotak pos
ballot_box kotak suara, pemilu
pencil2 pensil, tulis
pen pena, bolpoin
paintbrush kuas
crayon krayon
memo menulis catatan, catatan, tugas, pr
briefcase tas kerja, kerja
file_folder folder, map
date kalender, tanggal
calendar kalender sobek, tanggal
chart_with_upwards_trend grafik naik, naik
chart_with_downwards_trend grafik turun, turun
bar_chart diagram batang, grafik
clipboard papan klip, daftar
pushpin pin, sematkan, paku payung
round_pushpin lokasi, tempat, pin merah
paperclip klip kertas, lampiran
straight_ruler penggaris
triangular_ruler penggaris segitiga
scissors gunting, potong
wastebasket tempat sampah, hapus
lock gembok, terkunci, kunci
unlock gembok terbuka
key kunci
hammer palu
axe kapak
hammer_and_wrench palu dan kunci inggris, perbaikan
bomb bom
shield perisai, aman
wrench kunci inggris, memperbaiki
screwdriver obeng
gear roda gigi, pengaturan
balance_scale timbangan, adil
link tautan, rantai
magnet magnet
ladder tangga
test_tube tabung reaksi, kimia
dna dna
microscope mikroskop, sains
telescope teleskop
syringe suntikan, vaksin
drop_of_blood darah
pill pil, obat
adhesive_bandage plester, luka
stethoscope stetoskop, dokter
door pintu
mirror cermin
bed tempat tidur, kasur
couch_and_lamp sofa
chair kursi
toilet toilet, wc
shower pancuran, mandi
bathtub bak mandi
broom sapu
bucket ember
soap sabun
toothbrush sikat gigi
sponge spons
shopping_cart keranjang belanja, belanja
smoking rokok, merokok
coffin peti mati
warning peringatan, awas, bahaya, hati-hati
no_entry dilarang masuk
no_entry_sign dilarang, tidak boleh
no_smoking dilarang merokok
underage dilarang di bawah delapan belas
arrow_up panah atas, atas
arrow_right panah kanan, kanan
arrow_down panah bawah, bawah
arrow_left panah kiri, kiri
arrows_counterclockwise putar ulang, muat ulang
back kembali
soon segera
top paling atas
star_and_crescent bulan sabit dan bintang, islam
latin_cross salib, kristen
om om, hindu
wheel_of_dharma roda darma, buddha
peace_symbol lambang damai, damai
repeat ulang, ulangi
arrow_forward putar, main
fast_forward maju cepat
rewind mundur
pause_button jeda
stop_button berhenti
record_button rekam
heavy_plus_sign tambah, plus
heavy_minus_sign kurang, minus
heavy_multiplication_x kali
heavy_division_sign bagi
heavy_equals_sign sama dengan
infinity tak terhingga
bangbang tanda seru ganda
interrobang tanda seru dan tanya
question tanda tanya, tanya, apa
exclamation tanda seru, penting
recycle daur ulang
beginner pemula
o lingkaran merah tebal, benar
white_check_mark tanda centang, centang, selesai, beres, benar, sudah
ballot_box_with_check kotak centang
heavy_check_mark centang tebal, benar
x tanda silang, silang, salah, batal, tidak
negative_squared_cross_mark kotak silang
information_source informasi
new baru
free gratis
ok tombol oke
cool tombol keren
sos tolong, darurat
red_circle lingkaran merah, merah
orange_circle lingkaran jingga
yellow_circle lingkaran kuning, kuning
green_circle lingkaran hijau, hijau
large_blue_circle lingkaran biru, biru
purple_circle lingkaran ungu
black_circle lingkaran hitam, hitam
white_circle lingkaran putih, putih
checkered_flag bendera finis, selesai
triangular_flag_on_post bendera segitiga
white_flag bendera putih, menyerah
indonesia bendera indonesia, merah putih
malaysia bendera malaysia
singapore bendera singapura
`;

/** Keyed by gemoji name: the Indonesian name, then the search words. */
export const EMOJI_ID: ReadonlyMap<string, readonly string[]> = new Map(
  LINES.trim()
    .split("\n")
    .map((line) => {
      const at = line.indexOf(" ");
      return [line.slice(0, at), line.slice(at + 1).split(", ")];
    }),
);
