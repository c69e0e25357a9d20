/** Words of short codes. */

/**
 * 256 words that are easy to say in English and Indonesian. The first three letters identify a
 * word, and any two words differ in at least three letters. The order is part of the protocol.
 */
export const CODE_WORDS: readonly string[] = `
acrobat adobe agenda alarm algebra alibi alpha amber amigo angel animal antenna apollo aqua
artist atlas atom aurora avocado bakery balloon bamboo banana barista basket batik bazaar bikini
bonsai boxer buffalo burger cabin cactus camera canoe caramel catalog celery ceramic cinema
circus coffee comedy copper coral cosmos cotton cricket crystal curry dahlia delta denim diesel
diploma disco doctor domino donut dragon echo editor emerald energy engine equator europe fabric
factory falcon family fantasy fashion fiction fiesta final flora focus folder formula fossil
future gadget galaxy gamma garden gelato gemini genius giraffe gondola gorilla guava guitar halo
helmet hippo history holiday honey horizon human idol igloo index insect iris ivory jaguar
jasmine jelly jersey jockey judo jungle jupiter karate kayak kebab kitchen kiwi koala komodo
label ladder lagoon legend lemon letter lilac linen lobby logic magnet major mango marble mascot
matador medal memory menu mercury micro mineral mobile moment monitor mosaic muffin museum
nachos navy nebula nectar neptune nickel ninja nomad noodle novel nylon oasis ocean octopus
olive opera orbit orchid origami oxygen ozone palace panda papaya pelican piano picnic pigeon
pilot pixel pizza planet pluto podium polar poncho popcorn poster protein puzzle rabbit radar
rainbow rapid record remote ribbon robot romance ruby safari salad sardine scooter sierra silver
soda spiral stadium studio sudoku sultan sunset sushi symbol syrup system tablet tattoo taxi
tennis tiger tomato topaz tornado tractor tropic tulip tuna turbo ukulele unicorn utopia valley
vampire video villa vintage violin vision vitamin volcano waffle water weekend window wizard
wombat yellow zebra zigzag zodiac zombie zumba
`
  .trim()
  .split(/\s+/);

/** Letters that identify a word. */
export const CODE_PREFIX_LENGTH = 3;
