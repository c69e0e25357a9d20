/** Questions and short answers in English: `code` is typed, **bold** is a label of the page. */

/** Label of the field for a question. */
export const HELP_ASK_EN = "What do you want to do?";

export const HELP_EN = {
  write: {
    title: "Write and read",
    entries: {
      handIn: {
        question: "How do I hand in my work?",
        answer:
          "Open the room with the pencil; only you and its moderators see what you send there. " +
          "Write, or attach files and photos, and send. The strip above then says **Handed in**.",
        words: "assignment homework essay submit deliver upload",
      },
      hand: {
        question: "How do I raise my hand?",
        answer:
          "Touch **Raise hand** in the strip above the room; again lowers it. When it is your " +
          "turn, everything around it turns yellow.",
        words: "speak turn question lesson call",
      },
      answerOne: {
        question: "How do I answer one message?",
        answer:
          "Swipe it to the side, or choose **Reply** in its menu. Your answer then shows it " +
          "above.",
        words: "reply quote thread respond",
      },
      media: {
        question: "How do I send photos, files or my voice?",
        answer:
          "Touch **Attach**, or drop or paste files into the field; up to 32 go in one message. " +
          "For your voice, touch the microphone, speak, and touch **Send**.",
        words: "picture image camera attachment audio microphone record document upload",
      },
      unsent: {
        question: "Why was my message not sent?",
        answer:
          "A clock beside it means that it waits for the connection: it is sent once, in order, " +
          "when the server is back. If it was refused, the reason and what you can do stand " +
          "below it.",
        words: "waiting clock offline failed error pending lost",
      },
      findAgain: {
        question: "How do I find something again?",
        answer:
          "Search for any words of it, in any order and spelling. Narrow it with `from:ana`, " +
          "`in:math`, `since:yesterday` or `has:file`; quotes hold a phrase together.",
        words: "search look old message file history",
      },
      missed: {
        question: "What did I miss?",
        answer:
          "**For you**, above the rooms, lists what calls you. A room opens at its first new " +
          "message; with many, a card there leads you through mentions, photos, files and polls.",
        words: "unread new away absence catch up inbox mention activity",
      },
      quiet: {
        question: "How do I make a room quiet?",
        answer:
          "Open its menu, **Notifications…**, and choose **Mentions only** or **Nothing**. Do " +
          "not disturb, in **You**, silences all rooms for a time.",
        words: "mute silence noise turn off notifications disturb sound bell",
      },
      whoReads: {
        question: "Who can read what I write?",
        answer:
          "The members of the room, and whoever runs the server; **Room details** says who. A " +
          "room with a lock is encrypted: only its members' devices can read it.",
        words: "private secret teacher operator privacy see lock encrypted",
      },
      unkind: {
        question: "Somebody is unkind. What can I do?",
        answer:
          "Choose **Ignore** on their card: you no longer see what they write, and they do not " +
          "learn of it. Tell a moderator of the room, who can see and remove messages.",
        words: "bully block ignore insult harass report stop",
      },
      nameAndPicture: {
        question: "How do I change my name and picture?",
        answer:
          "Touch your face, or open **Settings**: **Display name** and the picture are there. " +
          "Your account's name stays; an operator can change it.",
        words: "rename display avatar photo profile status nickname",
      },
      sharedComputer: {
        question: "How do I leave a shared computer?",
        answer:
          "Choose **Sign out** with the box **Shared computer** ticked: nothing of you stays in " +
          "the browser. Without it, the next person still needs your password.",
        words: "log out logout sign forget school library device",
      },
      warning: {
        question: "The browser warns about the page. May I continue?",
        answer:
          "Yes, if the address is the one on your card or invite. No company vouches for a " +
          "computer in a private network.",
        words: "certificate warning insecure dangerous not private security",
        guide: "browser",
      },
      password: {
        question: "I have forgotten my password, or lost my card",
        answer:
          "Ask an operator for a new code, and choose **I have a code** at sign-in. Nobody can " +
          "look up a password.",
        words: "login sign in reset card code lost",
        guide: "accounts",
      },
      newDevice: {
        question: "How do I use a second phone or computer?",
        answer:
          "On the old device choose **Settings**, **Link a new device**, and scan the picture " +
          "with the new one. Encrypted rooms are handed over while both are on.",
        words: "link another add device sync laptop tablet change",
        guide: "accounts",
      },
      unreadable: {
        question: "A message says that this device cannot read it. Is it lost?",
        answer:
          "No. Open the room on a device that can read it, and keep both on for a moment: it " +
          "hands the message over.",
        words: "encrypted decrypt key missing lock device",
        guide: "sealed",
      },
      leaveServer: {
        question: "How do I leave, and take my messages along?",
        answer:
          "`chat export` saves what you can read; then `chat unregister` deletes the account.",
        words: "delete account export quit download data remove",
        guide: "accounts",
      },
      closedPage: {
        question: "Am I notified when the page is closed?",
        answer:
          "Only if the operator has enabled push, which passes through the Internet, and the " +
          "browser trusts the certificate. The ntfy app works inside a network.",
        words: "push notification background phone alert",
        guide: "bots",
      },
    },
  },
  teach: {
    title: "Teach",
    entries: {
      classIn: {
        question: "How do I put a class in?",
        answer:
          "Save the list as CSV and choose **Import class list**, or `chat admin accounts import " +
          "class.csv --cards cards.html`. The plan says for each line what will happen; then " +
          "print the cards.",
        words: "pupils students list excel csv roster cards accounts add",
        guide: "class",
      },
      assign: {
        question: "How do I give out work, and when is it due?",
        answer:
          "Create a room as an assignment, or `/join essay --assignment`: each member sees only " +
          "their own work and yours. `/rules due 2026-11-30 18:00` says when it is due.",
        words: "assignment homework deadline due date essay task",
        guide: "class",
      },
      late: {
        question: "How do I see who handed in late, or not at all?",
        answer:
          "Open the assignment and choose **Handed in**, type `/handed`, or run `chat handed " +
          "--room essay`. `/remind TEXT` writes to everybody who is missing.",
        words: "homework missing overdue deadline remind state handed",
      },
      collect: {
        question: "How do I collect all works?",
        answer:
          "**Handed in** downloads everything as one zip; `chat handed --room essay --out works` " +
          "makes a folder for each person.",
        words: "download save files grade correct",
      },
      callOn: {
        question: "How do I call on somebody?",
        answer:
          "Hands stand in the strip in the order in which they were raised: **Call on** takes " +
          "the first. `/call NAME` calls anybody; **Lower all** ends them.",
        words: "hand turn lesson speak next",
      },
      poll: {
        question: "How do I ask the class something?",
        answer:
          "Choose **Poll** at the field, or type `/poll Question? | first | second`. Votes " +
          "appear as they come, and **Close poll** ends it. **Show votes** hides them until " +
          "one's own vote, or until the end.",
        words: "vote survey question quiz ask answers",
      },
      onlyTeachers: {
        question: "How do I stop everybody from writing for a while?",
        answer:
          "**Room details**, **Rules**: let only moderators write, or slow it down. `/mute NAME " +
          "10m` silences one person.",
        words: "silence mute slow quiet noise moderators post read-only",
      },
      deleteMessage: {
        question: "How do I remove a message?",
        answer:
          "Choose **Delete** in its menu, or `/erase NUMBER`. It disappears for everybody, and " +
          "the log keeps that you did it.",
        words: "erase moderate insult delete moderation",
      },
      remove: {
        question: "A pupil leaves the class. What do I do?",
        answer:
          "Remove the person from the room on their card; what was handed in stays. An operator " +
          "closes the account with `chat admin remove NAME`.",
        words: "kick leave member expel account close",
      },
      newYear: {
        question: "How do I begin a new school year?",
        answer:
          "One list renames rooms, moves classes up, and closes the accounts of leavers; " +
          "`--dry-run` shows the plan. Former names never take new pupils in.",
        words: "year rename class move up promote leavers",
        guide: "class",
      },
      pupilPassword: {
        question: "A pupil has forgotten the password",
        answer:
          "**Accounts**, the person, **Reset password**, or `chat admin reset NAME`: show the " +
          "picture or the code to that pupil alone. It works once.",
        words: "reset card code login sign in lost",
        guide: "accounts",
      },
      excel: {
        question: "My list is from Excel, or in another alphabet",
        answer:
          'Save it as "CSV UTF-8". Names in any alphabet become display names, and a column `id` ' +
          "with the school's number tells people of one name apart.",
        words: "csv umlaut encoding arabic chinese names list import",
        guide: "class",
      },
      alike: {
        question: "Two people have the same name, or similar ones",
        answer:
          "Names that look alike are refused when the second one is made. Give each the school's " +
          "number in a column `id`, or add an initial.",
        words: "duplicate twins similar name refused taken",
        guide: "class",
      },
      announce: {
        question: "How do I tell everybody something?",
        answer:
          "**Announce** shows it to all who are here and who come, until you withdraw it; `chat " +
          "admin announce TEXT` does the same. `@everyone` calls the members of one room.",
        words: "announcement notice broadcast all message",
      },
    },
  },
  run: {
    title: "Run a server",
    entries: {
      letIn: {
        question: "How do people get in?",
        answer:
          "`chat serve` shows the page's address and the password. Its key `i`, **Invite " +
          "people**, or `chat admin invite`, makes a link and a picture to scan for one or more " +
          "people.",
        words: "invite join address link password registration access",
        guide: "serving",
      },
      operator: {
        question: "How do I become the operator?",
        answer:
          "Open the operator link that `chat serve` shows at first, or run `chat admin grant " +
          "NAME` on the server's machine.",
        words: "admin administrator rights owner grant",
        guide: "serving",
      },
      notOpening: {
        question: "The page does not open on a phone",
        answer:
          "Put the phone into the server's Wi-Fi, not on mobile data. Many school and guest " +
          "networks forbid devices to reach each other; `chat doctor` looks for the cause.",
        words: "connect network wifi unreachable reach firewall guest isolation",
        guide: "troubleshooting",
      },
      ports: {
        question: "Which ports does it use, and what goes to the Internet?",
        answer:
          "Port 2428, TCP and UDP, and UDP 5353 to be found in the network. Nothing goes to the " +
          "Internet unless you enable push or a proxy; there is no telemetry.",
        words: "firewall port nat telemetry open forward",
      },
      back: {
        question: "How do I back up and restore?",
        answer:
          "`chat backup DIR` while the server runs; `chat restore DIR` into an empty folder. " +
          "Both check what they copy.",
        words: "backup copy restore lost disk move",
        guide: "backup",
      },
      moved: {
        question: "The server has another address now",
        answer:
          "Programs of the same network find it again by its fingerprint. Cards and links have " +
          "the address: print them again, or give the machine a fixed address.",
        words: "ip changed address move dhcp cards link",
      },
      disk: {
        question: "The disk is nearly full",
        answer:
          "The server then takes messages only from operators, and no files; it loses nothing. " +
          "`chat admin files` lists the largest ones; old messages can expire.",
        words: "space storage full quota delete files retention expire",
        guide: "serving",
      },
      upgrade: {
        question: "How do I upgrade, and can I go back?",
        answer:
          "Stop the server, replace the file, start it. Two neighbouring versions work together; " +
          "the guide has the way back.",
        words: "update version new release downgrade",
        guide: "backup",
      },
      serviceAtBoot: {
        question: "How do I start it with the machine?",
        answer:
          "The guide has a unit for systemd, and the same for containers. Give it a folder of " +
          "its own with `--data`.",
        words: "systemd service boot daemon docker container autostart",
        guide: "serving",
      },
      proxy: {
        question: "How do I put it behind a proxy or a real certificate?",
        answer:
          "The guide has blocks for nginx, Caddy, haproxy and Apache. Give the server the " +
          "proxy's certificate with `--proxy-cert`.",
        words: "nginx caddy apache haproxy tls certificate https domain let's encrypt",
        guide: "certificates",
      },
      otherNetworks: {
        question: "Phones and server are in different networks",
        answer:
          "Use the address or the invite, and let the router pass port 2428, TCP and UDP, to the " +
          "server. Behind NAT start it with `--public NAME`.",
        words: "router nat subnet vlan internet outside forward port",
        guide: "troubleshooting",
      },
      howMany: {
        question: "How many people can use one machine?",
        answer: "Thousands; what was measured stands in bench/performance.md.",
        words: "capacity limit users scale size large school",
      },
      systems: {
        question: "Does it run on Windows, macOS and phones?",
        answer:
          "The program runs on Linux, macOS and Windows; phones and tablets use the page. Each " +
          "version is tested on Linux x64; the others are tried under emulation.",
        words: "platform mac android ios iphone arm raspberry",
        guide: "install",
      },
      renewed: {
        question: "A certificate was renewed, and people see an alarm",
        answer: "Give the server the proxy's certificate with `--proxy-cert`.",
        words: "fingerprint changed identity tls",
        guide: "certificates",
      },
      audited: {
        question: "Why should I trust a program that nobody has audited?",
        answer:
          "Do not, for secrets on which a life depends. There is no telemetry, builds are " +
          "reproducible, and the guide says what is open.",
        words: "security audit safe trust open source",
        guide: "security",
      },
      proof: {
        question: "How do I prove that nothing was changed?",
        answer:
          "`chat verify` checks the history of a server, and `chat verify --data DIR` its " +
          "folder. Witnesses keep checkpoints that a server cannot change.",
        words: "tamper audit verify merkle witness integrity",
        guide: "proofs",
      },
      importOld: {
        question: "Can I bring the history of another chat?",
        answer:
          "Yes, from Slack, Mattermost, Discord and earlier versions: `chat import FILE --room " +
          "ROOM` into a room of its own.",
        words: "slack mattermost discord migrate import export transfer",
        guide: "history",
      },
    },
  },
  terminal: {
    title: "In the terminal",
    entries: {
      go: {
        question: "How do I get to another room or person?",
        answer:
          "`Ctrl-K` and some letters of the name; `Enter` opens the first. `Alt-1` to `Alt-0` " +
          "open the first ten, `/join ROOM` and `/msg NAME` any.",
        words: "switch change open jump room conversation",
        guide: "screen",
      },
      readOn: {
        question: "How do I read what is new?",
        answer:
          "`Alt-I` opens the inbox. `Space` on an empty line reads on, page by page and room by " +
          "room; `Alt-N` goes to the next message for you.",
        words: "unread missed inbox catch up new mention",
        guide: "screen",
      },
      newLine: {
        question: "How do I write several lines?",
        answer: "`Alt-Enter` begins a new line; a pasted text keeps its lines. `Enter` sends.",
        words: "newline multi line break paste editor",
        guide: "screen",
      },
      correct: {
        question: "How do I correct or delete what I sent?",
        answer:
          "`/edit TEXT` replaces your last message, and `/erase` deletes it, both for everybody.",
        words: "edit change typo fix undo delete remove erase last",
      },
      reactReply: {
        question: "How do I reply to a message, or react to it?",
        answer:
          "Select it with `Alt-S` and the arrows, then `r` or `+`. `/reply NUMBER TEXT` and " +
          "`/react EMOJI NUMBER` do the same.",
        words: "answer quote thread emoji select reaction",
      },
      sendFiles: {
        question: "How do I send and receive files?",
        answer:
          "`/send PATH` in a room, or `chat send-file PATH --to @ana` in a shell. `/get NUMBER` " +
          "and `chat get-file` save them.",
        words: "upload download attach path folder save",
        guide: "files",
      },
      oneFile: {
        question: "How do I give one file to somebody without an account?",
        answer: "`chat share PATH` prints a code; the other side runs `chat receive CODE`.",
        words: "code transfer croc wormhole airdrop share receive",
        guide: "files",
      },
      script: {
        question: "How do I post from a script?",
        answer:
          "`chat send --to ROOM TEXT`, or lines on its input. Every command prints one JSON " +
          "object a line with `--json`, and its exit code says what happened.",
        words: "cron bot pipe automation json webhook ci notify",
        guide: "scripting",
      },
      statusBar: {
        question: "How do I see in a status bar what is new?",
        answer:
          "`chat inbox --count` prints `3@ 230`: 3 for you, 230 unread. Its exit code is 4 if " +
          "there is nothing.",
        words: "tmux prompt bar count unread login motd",
      },
      searchTerminal: {
        question: "How do I search?",
        answer:
          "`Ctrl-F` or `/search WORDS` in the full screen, `chat search WORDS` in a shell: all " +
          "words, in any order and spelling. `chat history --grep TEXT` finds a part as it is.",
        words: "find look history grep message",
        guide: "history",
      },
      readerOrPlain: {
        question: "How do I use it with a screen reader, or a simple terminal?",
        answer:
          "`chat join --plain` prints line by line and never redraws. `/set` shows the settings " +
          "of the full screen.",
        words: "accessibility blind braille plain line mode dumb tty",
        guide: "talking",
      },
      identity: {
        question: "Why does it say that the server's identity has changed?",
        answer:
          "Another machine answers, or the server has lost its folder. Enter no password, and " +
          "ask whoever runs it.",
        words: "fingerprint pinned man in the middle warning trust",
        guide: "accounts",
      },
      garbled: {
        question: "The characters look wrong",
        answer: "`chat doctor` checks locale and terminal; `chat join --plain` uses line mode.",
        words: "unicode utf-8 font encoding box question marks garbled",
      },
      withoutServer: {
        question: "How do we chat without a server?",
        answer:
          "`chat lan` on each machine of one network. Nothing is kept, and anybody in the " +
          "network can read it.",
        words: "lan multicast serverless offline party",
        guide: "lan",
      },
    },
  },
} as const;
