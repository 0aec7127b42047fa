/* An outbox's thread and its visitors.

Model:     Room for two entries: closes that wait, or the slots of a batch. The thread (thread 0) adds an entry, and takes all of them when there is
           no more room, or at any time. A visitor (thread 1) takes all of them, twice.
Left out:  The settlement of closes (close.pml) and the way of batches. Several batches: each is taken like this one.
Property:  Each entry that was added is taken once, with the contents that were added. No thread waits for ever.

Runs:
  visits:

Mutations:
  NO_BARRIER: the visitor passes no process-wide barrier
  NO_WAIT: the visitor does not wait until the thread is outside
  ANNOUNCE_LATE: the visitor raises the floor after the barrier
  FLOOR_BEFORE_INSIDE: the thread loads the floor first, then stores Inside
  COUNT_BEFORE_FLOOR: the thread loads the count before the floor
  PLAIN_LEAVE: leaving is not a release: the clear Inside passes the stores to the outbox
  PLAIN_END_OF_VISIT: the end of a visit is not a release: the low floor passes the visitor's stores
  ENTER_ONCE: the thread that waited for the end of a visit does not look at the floor again
*/
#define THREADS 2
#define K 4
#define INSIDE 0
#define FLOOR 1
#define COUNT 2
#define CELL 3              /* CELL + i: entry i; its number */
#define WORDS 5
#include "tso.h"

#define ROOM 2
#define TURNS 5

byte added;                 /* the entries so far; each has its number */
byte taken;                 /* one bit for each entry that was taken */
byte done;

#define TAKEN(entry) assert((entry) > 0 && (entry) <= added && !(taken & (1 << (entry)))); taken = taken | (1 << (entry))

#ifdef PLAIN_LEAVE
#define LEAVE_FIRST STORE(0, INSIDE, 0)
#define LEAVE skip
#else
#define LEAVE_FIRST skip
#define LEAVE STORE(0, INSIDE, 0)
#endif

/* VisitGate.Enter. */
inline enter()
{
#ifdef FLOOR_BEFORE_INSIDE
  LOAD(0, FLOOR) == 0;
  STORE(0, INSIDE, 1);
#elif defined(COUNT_BEFORE_FLOOR)
  STORE(0, INSIDE, 1);
  count = LOAD(0, COUNT);
  waitOutside();
#else
  STORE(0, INSIDE, 1);
  waitOutside();
#endif
#ifndef COUNT_BEFORE_FLOOR
  count = LOAD(0, COUNT)
#endif
}

inline waitOutside()
{
  do
  :: LOAD(0, FLOOR) == 0 -> break
  :: LOAD(0, FLOOR) != 0 ->
     STORE(0, INSIDE, 0);
     LOAD(0, FLOOR) == 0;
     STORE(0, INSIDE, 1)
#ifdef ENTER_ONCE
     ; break
#endif
  od
}

/* Outbox.TakeCloses, and a place that becomes empty: the same steps of the thread and of a visitor. */
inline takeAll(t)
{
  entry = 0;
  do
  :: entry < count ->
     atomic { number = LOAD(t, CELL + entry); TAKEN(number); number = 0 };
     entry++
  :: else -> break
  od;
  entry = 0
}

proctype owner()
{
  byte count, entry, number, turn;
  do
  :: turn < TURNS ->
     turn++;
     enter();
     LEAVE_FIRST;
     if
     :: /* Outbox.PutAside and Outbox.TryAdd. */
        count < ROOM ->
        atomic { added++; PUT(0, CELL + count, added) };
        STORE(0, COUNT, count + 1)
     :: /* RemotePath.Settle, or a full batch. */
        count > 0 ->
        takeAll(0);
        STORE(0, COUNT, 0)
     fi;
     LEAVE;
     count = 0
  :: else -> break
  od;
  turn = 0;
  FENCE(0);
  done++
}

proctype visitor()
{
  byte count, entry, number, turn;
  do
  :: turn < 2 ->
     turn++;
     /* Outbox.TakeAll. */
#ifdef ANNOUNCE_LATE
     BARRIER(1);
     STORE(1, FLOOR, 1);
#else
     STORE(1, FLOOR, 1);
     BARRIER(1);
#endif
#ifndef NO_WAIT
     LOAD(1, INSIDE) == 0;
#endif
     count = LOAD(1, COUNT);
#ifdef PLAIN_END_OF_VISIT
     STORE(1, FLOOR, 0);
#endif
     takeAll(1);
     STORE(1, COUNT, 0);
#ifndef PLAIN_END_OF_VISIT
     STORE(1, FLOOR, 0);
#endif
     /* The lock of visitors. */
     FENCE(1);
     count = 0
  :: else -> break
  od;
  done++;
  done == 2;
  /* What was not taken is still there. */
  do
  :: entry < mem[COUNT] -> atomic { number = mem[CELL + entry]; TAKEN(number); number = 0; entry++ }
  :: else -> break
  od;
  assert(taken == (1 << (added + 1)) - 2)
}

init
{
  atomic {
    run owner();
    run visitor()
  }
}
