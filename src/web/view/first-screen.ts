/** Shared code that the page loads before any lazy module. */

/**
 * Imported by each lazy module, so that the bundler emits one shared file. One file compresses
 * better than several small files.
 */
import "../browser/browser.ts";
import "../driver/chat.ts";
import "./app.tsx";
