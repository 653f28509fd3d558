/* The polite live region (`data-rt-say`): tells who cannot see the flash how much changed, in one sentence in 3 s. */

const PAUSE_MS = 3000;  // a screen reader needs about as long for a sentence; what comes faster is talked over

export class Say {
    #count = 0;

    /** Count one change; the sentence comes when the 3 s that the first one began are over. */
    change() {
        this.#count += 1;
        if (this.#count > 1) return;
        speak("");  // so that the same sentence twice is read twice
        setTimeout(() => {
            speak(this.#count === 1 ? "1 change" : `${this.#count} changes`);
            this.#count = 0;
        }, PAUSE_MS);
    }
}

function speak(sentence) {
    const region = document.querySelector("[data-rt-say]");
    if (region) region.textContent = sentence;
}
