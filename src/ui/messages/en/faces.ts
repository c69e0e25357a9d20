/** Texts of the face of a room, of its door, and of a first visit. */

export const ENGLISH_FACES = {
  face: "Face",
  colour: "Colour",
  letters: "Letters",
  sign: "Sign",
  allEmoji: "All emoji",
  lettersWrong: "Write one or two letters or digits.",
  lettersOf: "One or two letters",
  colours: [
    "Rose",
    "Coral",
    "Apricot",
    "Sand",
    "Lime",
    "Mint",
    "Aqua",
    "Sky",
    "Blue",
    "Lavender",
    "Lilac",
    "Pink",
  ],
  typedAs: (name: string) => `${name} in links and the terminal`,
  print: "Print",
  doorOf: (room: string) => `Door of ${room}`,
  ledBy: (names: string) => `With ${names}`,
  noAddress:
    "This page knows only an address of this computer. Open it at an address that others can " +
    "reach, and print then.",
  people: (n: number) => (n === 1 ? "1 person" : `${n} people`),
  welcome: (name: string) => `Welcome, ${name}`,
  hereNow: (n: number) => (n === 1 ? "1 other person is here now" : `${n} others are here now`),
  roomsToJoin: "Rooms you can join",
  showAll: "Show all",
  ask: "Ask",
  moderatorAdmits: "A moderator lets you in",
  needsPassword: "With a password",
  joinRoom: (room: string) => `Join ${room}`,
  askRoom: (room: string) => `Ask ${room}`,
  sayHello: "Say hello",
  writeMessage: "Write a message",
};

export type FaceTexts = typeof ENGLISH_FACES;
