/* The polite live region (`data-rt-say`): tells who cannot see the page what happens on it, at most one sentence in 3 s. */

const PAUSE_MS = 3000;  // a screen reader needs about as long for a sentence; what comes faster is talked over

export class Say {
    #changes = 0;
    #news = "";
    #timer = null;  // while it runs nothing is said

    /** Count one change; the sentence comes when the 3 s that the first one began are over. */
    change() {
        this.#changes += 1;
        this.#timer ??= setTimeout(() => this.#speak(), PAUSE_MS);
    }

    /** Say `sentence`, now or when the 3 s after the last one are over. A later one takes its place. */
    tell(sentence) {
        this.#news = sentence;
        if (this.#timer === null) this.#speak();
    }

    #speak() {
        const sentence = [this.#news, wordsFor(this.#changes)].filter(Boolean).join(" ");
        this.#news = "";
        this.#changes = 0;
        this.#timer = sentence ? setTimeout(() => this.#speak(), PAUSE_MS) : null;
        if (sentence) speak(sentence);
    }
}

function wordsFor(changes) {
    if (changes === 0) return "";
    return changes === 1 ? "1 change" : `${changes} changes`;
}

/* The same text again would be no change, and not be read: a blank at its end makes it one. */
function speak(sentence) {
    const region = document.querySelector("[data-rt-say]");
    if (region) region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence;
}
