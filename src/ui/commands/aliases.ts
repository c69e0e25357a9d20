/** Command names of other chat programs. */
export const SLASH_ALIASES: Readonly<Record<string, string>> = {
  regist: "register",
  sendto: "msg",
  names: "who",
  exit: "quit",
  part: "leave",
  j: "join",
};
