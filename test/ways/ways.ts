/**
 * Ways on which people do or meet the same thing. A rule must hold on each way of its act: the
 * compiler refuses a rule that leaves a way without an answer, so a new way asks every rule.
 */
export const WAYS = {
  "send a text": [
    ...["page", "full screen", "line mode", "send", "piped send", "IRC", "HTTP", "webhook"],
    ...["import", "encrypted room", "conversation", "thread"],
  ],
  "send a file": [
    ...["page: chosen", "page: pasted", "page: dropped", "page: camera", "page: folder"],
    ...["page: shared by another app", "page: voice message", "full screen", "line mode"],
    ...["send-file", "send-file of a folder", "piped send-file", "share"],
    ...["second file", "encrypted room", "conversation", "thread"],
  ],
  "read messages": [
    ...["page", "page: search", "page: Activity", "page: files", "full screen", "line mode"],
    ...["join --json", "history", "history --json", "history --follow", "history --data"],
    ...["search in the terminal", "files", "IRC", "IRC playback", "export", "export --html"],
    ...["encrypted room", "conversation", "thread", "quoted by a reply", "pinned"],
    "get-file --follow",
  ],
  "be alerted": [
    ...["page", "page: notification", "push", "full screen", "line mode", "join --json"],
    ...["history --follow --exec", "IRC", "encrypted room", "conversation", "thread"],
    ...["caption of a file", "edited text", "HTTP", "webhook"],
  ],
  "count unread messages": [
    ...["page", "page: title and badge", "page: Activity", "full screen", "line mode", "rooms"],
    ...["rooms --json", "join --json", "IRC read marker", "push", "thread", "linked device"],
  ],
  "name a person": [
    ...["page: text", "page: fields", "full screen", "line mode", "command", "admin command"],
    ...["class list", "IRC", "search filter"],
  ],
  "name a message": ["page", "full screen", "line mode", "command", "IRC"],
  "name a room": ["page", "full screen", "line mode", "command", "admin command", "IRC", "HTTP"],
  "name a time": ["page", "full screen", "line mode", "command", "admin command", "class list"],
  "sign out": [
    "page",
    "page: forget",
    "full screen",
    "line mode",
    "logout",
    "web",
    "devices",
    "IRC",
    "IRC QUIT",
  ],
  "leave a room": ["page", "full screen", "line mode", "IRC", "kicked", "encrypted room"],
  "erase a message": [
    ...["page", "full screen", "line mode", "admin command", "IRC", "retention", "unregister"],
    ...["encrypted room", "file", "thread"],
  ],
  "be refused": [
    ...["page", "full screen", "line mode", "join --json", "command", "command --json", "IRC"],
    ...["HTTP", "webhook"],
  ],
  "exercise a right": [
    ...["page", "full screen", "line mode", "command", "admin command", "IRC", "HTTP", "webhook"],
    ...["HTTP read", "download link", "import"],
  ],
  "list something": [
    ...["page", "full screen", "line mode", "join --json", "command", "command --json", "IRC"],
  ],
  "meet a late answer": [
    ...["page", "page: dialog", "page: typing", "full screen", "full screen: /msg"],
    ...["full screen: typing", "full screen: question", "line mode", "IRC"],
  ],
  "reach a message": [
    ...["search result", "list of messages", "/jump", "/jump to a message that is not loaded"],
    ...["inbox", "Alt-N", "card of new messages", "answered message", "thread", "F-keys"],
    ...["room keys", "Shift-Up", "Alt-S", "menu of a message", "question of a command", "page"],
  ],
  "paste a code": [
    ...["page: sign-in", "page: settings", "full screen", "line mode", "argument", "environment"],
    ...["file", "prompt", "IRC"],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Act = keyof typeof WAYS;
export type Way<A extends Act> = (typeof WAYS)[A][number];
