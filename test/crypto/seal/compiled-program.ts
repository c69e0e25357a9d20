import { sealedRoom } from "./room-program.ts";

process.stdout.write(`${(await sealedRoom()).text}\n`);
