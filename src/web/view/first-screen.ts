/** Shared code that the page loads before any lazy module. */

/**
 * Each lazy module imports this file. The bundler then emits one shared file, which compresses
 * better than one file for each combination of modules.
 */
import "../browser/browser.ts";
import "../driver/chat.ts";
import "./app.tsx";
