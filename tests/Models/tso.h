/* Store buffers of x86-TSO (Owens, Sarkar and Sewell, 2009), for all models of this folder.

   A store waits in the buffer of its thread, and reaches memory later, in order. A load finds the newest store to its word in
   the buffer of its own thread, or else memory. An atomic operation waits until the buffer of its thread is empty.
   A process-wide barrier waits until the buffer of its own thread is empty, then until each other thread's buffer is, one after the
   other: it may fall at another point of each thread's program, like the interrupts of the real one.

   A model defines THREADS and WORDS, and perhaps K, the number of stores that a buffer holds: 2, 3 or 4. A thread whose buffer is full waits. */

#ifndef K
#define K 3
#endif

byte mem[WORDS];
byte bufWord[THREADS * K];
byte bufValue[THREADS * K];
byte bufCount[THREADS];

#define AT(t, i) ((t) * K + (i))

/* PUT is a store inside an atomic step of the model, STORE is a step of its own. */
#define PUT(t, word, value) \
  bufCount[t] < K; bufWord[AT(t, bufCount[t])] = (word); bufValue[AT(t, bufCount[t])] = (value); bufCount[t]++
#define STORE(t, word, value) d_step { PUT(t, word, value) }

#define LOAD_FROM(t, word, i, older) (bufCount[t] > i && bufWord[AT(t, i)] == (word) -> bufValue[AT(t, i)] : older)
#if K == 2
#define LOAD(t, word) LOAD_FROM(t, word, 1, LOAD_FROM(t, word, 0, mem[word]))
#elif K == 3
#define LOAD(t, word) LOAD_FROM(t, word, 2, LOAD_FROM(t, word, 1, LOAD_FROM(t, word, 0, mem[word])))
#else
#define LOAD(t, word) LOAD_FROM(t, word, 3, LOAD_FROM(t, word, 2, LOAD_FROM(t, word, 1, LOAD_FROM(t, word, 0, mem[word]))))
#endif

/* A full barrier of one thread. Each atomic operation begins with it. */
#define FENCE(t) bufCount[t] == 0

/* A compare-and-swap. The result is in the variable ok of the thread. */
#define CAS(t, word, from, to) \
  d_step { FENCE(t); ok = (mem[word] == (from)); mem[word] = (ok -> (to) : mem[word]) }

/* Interlocked.MemoryBarrierProcessWide. */
#ifdef NO_BARRIER
#define BARRIER(t) FENCE(t)
#elif THREADS == 2
#define BARRIER(t) FENCE(t); FENCE(1 - t)
#else
#define BARRIER(t) FENCE(t); FENCE(0); FENCE(1); FENCE(2)
#endif

#define MOVE_UP(t, i) bufWord[AT(t, i)] = bufWord[AT(t, i + 1)]; bufValue[AT(t, i)] = bufValue[AT(t, i + 1)]
#define CLEAR_LAST(t) bufWord[AT(t, K - 1)] = 0; bufValue[AT(t, K - 1)] = 0
#if K == 2
#define SHIFT(t) MOVE_UP(t, 0)
#elif K == 3
#define SHIFT(t) MOVE_UP(t, 0); MOVE_UP(t, 1)
#else
#define SHIFT(t) MOVE_UP(t, 0); MOVE_UP(t, 1); MOVE_UP(t, 2)
#endif
#define FLUSH(t) d_step { bufCount[t] > 0; mem[bufWord[AT(t, 0)]] = bufValue[AT(t, 0)]; SHIFT(t); CLEAR_LAST(t); bufCount[t]-- }

active proctype buffers()
{
end:
  do
  :: FLUSH(0)
  :: FLUSH(1)
#if THREADS > 2
  :: FLUSH(2)
#endif
  od
}
