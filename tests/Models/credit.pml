/* The credit of two threads in a tree of two budgets.

Model:     Threads 0 and 1 allocate and free blocks of one byte: thread 0 from the lower budget, thread 1 from the upper one, or both from
           the lower one. A parcel has two bytes. A thread that has the lock may get a parcel or none, if all levels have room for it.
           Before a level refuses, it calls in all credit in it and below. In further runs thread 1 disposes the lower budget, or lets
           it go. Thread 0 ends, and its credit is dropped while thread 1 goes on.
Left out:  A third thread: visitors exclude each other by the lock, and owners share no word. Blocks of several sizes: a credit that is too
           small is like one that is empty. Reservations, which only the lock sees. Callbacks. Peaks.
Property:  On no level are more bytes in use than its limit, at any moment. A level refuses only if its blocks and the requests under
           way use all its bytes; a free is under way until it returns. No thread gets bytes of a budget whose disposal has returned.
           All credit comes back. No visitor uses a credit after it was dropped. A credit is open only while the number holds the budget.
           No thread waits for ever.

Runs:
  levels:
  shared: SHARED
  dispose: DISPOSE
  sweep: LET_GO

Mutations:
  NO_BARRIER: the visitor passes no process-wide barrier
  NO_WAIT: the visitor does not wait until the owner is outside
  ANNOUNCE_LATE: the visitor raises the floor after the barrier
  FLOOR_BEFORE_INSIDE: the owner loads the floor first, then stores Inside
  LEFT_BEFORE_FLOOR: the owner loads the credit before the floor
  PLAIN_LEAVE: leaving is not a release: the clear Inside passes the new credit
  PLAIN_END_OF_VISIT: the end of a visit is not a release: the low floor passes the visitor's stores
  OWN_LEVEL: a parcel is charged to the lower budget alone
  NOT_BELOW: a level calls in its own credit, and not that of the levels below
  NO_SECOND_LOOK: a level refuses after it has called credit in, and does not look again
  REFUND_FIRST: the bytes go back before the block is freed
  DISPOSE NO_CALL_IN: a disposal calls no credit in
  DISPOSE OPEN_CLOSED: a free gets a parcel of a disposed budget
  LET_GO OPEN_UNHELD: a free of no bytes opens a credit although the number holds no budget
  NO_DROP: the credit of an ended thread is freed while its level knows it
*/
#define THREADS 2
#define K 3
#define INSIDE(c) (4 * (c))
#define FLOOR(c) (4 * (c) + 1)
#define LEFT(c) (4 * (c) + 2)
#define MOST(c) (4 * (c) + 3)
#define WORDS 8
#include "tso.h"

#define HIGH 9
#define PARCEL 2
#define LOWER 0
#define UPPER 1
#define LOWER_LIMIT 3
#define UPPER_LIMIT 4
#define TURNS 4

/* The budget of a thread, and whether a thread's credit is in a level or below it. */
#ifdef SHARED
#define OF(t) LOWER
#else
#define OF(t) (t)
#endif
#define IS_IN(c, level) ((level) == UPPER || OF(c) == LOWER)

/* With the lock of the tree. */
bit lock;
byte used[2];       /* the charged bytes of each level: those of blocks, and of credit */
bit isOpen[2];
bit isClosed;       /* whether the lower budget is disposed */
bit isHeld = 1;     /* whether the number holds the lower budget */

/* What must be true. */
byte blocks[2];     /* the bytes in use by each thread */
byte freeing[2];    /* the bytes whose free is under way */
bit isDisposed;     /* whether the disposal has returned */
bit isFreed;        /* whether the memory of thread 0's credit was freed */
bit isOver;         /* whether thread 0 has ended */

#define SUM(what, level) (what[0] * IS_IN(0, level) + what[1] * IS_IN(1, level))
#define ENTER(t) atomic { FENCE(t) && !lock -> lock = 1 }
#define EXIT(t) atomic { FENCE(t); assert(!(isOpen[0] && OF(0) == LOWER && !isHeld)); lock = 0 }

/* A thread has a block more, or gives one up. */
#define BEGIN_USE(t) blocks[t]++; \
  assert(SUM(blocks, LOWER) <= LOWER_LIMIT && SUM(blocks, UPPER) <= UPPER_LIMIT); assert(!(isDisposed && OF(t) == LOWER))
#define END_USE(t) blocks[t]--; freeing[t]++
#define CHARGE(c, more, less) used[UPPER] = used[UPPER] + (more) - (less); \
  used[LOWER] = used[LOWER] + (OF(c) == LOWER -> (more) - (less) : 0)

/* The begin of Credit.TryTake and Credit.TryGive. */
inline begin(t)
{
#ifdef FLOOR_BEFORE_INSIDE
  floor = LOAD(t, FLOOR(t));
  STORE(t, INSIDE(t), 1);
  left = LOAD(t, LEFT(t))
#elif defined(LEFT_BEFORE_FLOOR)
  STORE(t, INSIDE(t), 1);
  left = LOAD(t, LEFT(t));
  floor = LOAD(t, FLOOR(t))
#else
  STORE(t, INSIDE(t), 1);
  floor = LOAD(t, FLOOR(t));
  left = LOAD(t, LEFT(t))
#endif
}

/* Credit.TryTake and Credit.TryTakeUsed. */
inline tryTake(t)
{
  begin(t);
  if
  :: left >= floor + 1 ->
#ifdef PLAIN_LEAVE
     STORE(t, INSIDE(t), 0);
#endif
     atomic { PUT(t, LEFT(t), left - 1); BEGIN_USE(t); ok = 1 }
#ifndef PLAIN_LEAVE
     ; STORE(t, INSIDE(t), 0)
#endif
  :: else -> STORE(t, INSIDE(t), 0)
  fi;
  floor = 0; left = 0
}

/* Credit.TryGive. */
inline tryGive(t, bytes)
{
  begin(t);
  if
  :: left + bytes + floor <= LOAD(t, MOST(t)) ->
#ifdef PLAIN_LEAVE
     STORE(t, INSIDE(t), 0);
#endif
     atomic { PUT(t, LEFT(t), left + bytes); freeing[t] = freeing[t] - bytes; ok = 1 }
#ifndef PLAIN_LEAVE
     ; STORE(t, INSIDE(t), 0)
#endif
  :: else -> STORE(t, INSIDE(t), 0)
  fi;
  floor = 0; left = 0
}

/* Credit.Set. */
inline set(t, c, bytes, most)
{
  STORE(t, MOST(c), most);
  STORE(t, LEFT(c), bytes)
}

/* VisitGate.Announce. */
inline announce(t, c)
{
  STORE(t, FLOOR(c), HIGH)
}

/* VisitGate.WaitForOwner. */
inline waitForOwner(t, c)
{
  LOAD(t, INSIDE(c)) == 0
}

/* VisitGate.EndVisit. */
inline endVisit(t, c)
{
  STORE(t, FLOOR(c), 0)
}

/* BudgetLevel.CloseCredits, for one credit. */
inline closeCredit(t, c, level)
{
  if
  :: isOpen[c] && IS_IN(c, level) ->
     assert(!(c == 0 && isFreed));
     if
     :: c != t ->
#ifndef NO_WAIT
        waitForOwner(t, c)
#else
        skip
#endif
     :: else
     fi;
     left = LOAD(t, LEFT(c));
     atomic { CHARGE(c, 0, left); isOpen[c] = 0; left = 0 };
#ifdef PLAIN_END_OF_VISIT
     endVisit(t, c);
     set(t, c, 0, 0)
#else
     set(t, c, 0, 0);
     endVisit(t, c)
#endif
  :: else
  fi
}

#ifdef NOT_BELOW
#define CALLED(c, level) (isOpen[c] && OF(c) == (level))
#else
#define CALLED(c, level) (isOpen[c] && IS_IN(c, level))
#endif

inline announceIn(t, c, level)
{
  if
  :: CALLED(c, level) -> assert(!(c == 0 && isFreed)); announce(t, c)
  :: else
  fi
}

/* BudgetTree.CallIn. */
inline callIn(t, level)
{
#ifndef ANNOUNCE_LATE
  announceIn(t, 0, level);
  announceIn(t, 1, level);
#endif
  if
  :: CALLED(1 - t, level) -> BARRIER(t)
  :: else
  fi;
#ifdef ANNOUNCE_LATE
  announceIn(t, 0, level);
  announceIn(t, 1, level);
#endif
#ifdef NOT_BELOW
  if
  :: CALLED(0, level) -> closeCredit(t, 0, level)
  :: else
  fi;
  if
  :: CALLED(1, level) -> closeCredit(t, 1, level)
  :: else
  fi
#else
  closeCredit(t, 0, level);
  closeCredit(t, 1, level)
#endif
}

#define HAS_ROOM(t, bytes) (used[UPPER] + (bytes) <= UPPER_LIMIT && (OF(t) != LOWER || used[LOWER] + (bytes) <= LOWER_LIMIT))

#ifdef OPEN_CLOSED
#define MAY_OPEN isHeld
#elif defined(OPEN_UNHELD)
#define MAY_OPEN !isClosed
#else
#define MAY_OPEN (isHeld && !isClosed)
#endif

/* BudgetLevel.MoveParcel. */
inline moveParcel(t)
{
  left = LOAD(t, LEFT(t));
  if
  :: HAS_ROOM(t, PARCEL - left) && (OF(t) != LOWER || MAY_OPEN) ->
#ifdef OWN_LEVEL
     atomic { used[OF(t)] = used[OF(t)] + PARCEL - left; isOpen[t] = 1 };
#else
     atomic { CHARGE(t, PARCEL, left); isOpen[t] = 1 };
#endif
     set(t, t, PARCEL, 2 * PARCEL)
  :: true
  fi;
  left = 0
}

/* BudgetLevel.TryCharge. */
inline tryCharge(t)
{
  ENTER(t);
  if
  :: isClosed && OF(t) == LOWER -> skip
  :: else ->
     do
     :: HAS_ROOM(t, 1) ->
        atomic { CHARGE(t, 1, 0); BEGIN_USE(t); isHeld = (isHeld || OF(t) == LOWER) };
        moveParcel(t);
        break
     :: else ->
        level = (OF(t) == LOWER && used[LOWER] + 1 > LOWER_LIMIT -> LOWER : UPPER);
        if
        :: CALLED(0, level) || CALLED(1, level) ->
           callIn(t, level);
#ifdef NO_SECOND_LOOK
           assert(SUM(blocks, level) + SUM(freeing, level) + 1 > (level == LOWER -> LOWER_LIMIT : UPPER_LIMIT));
           break
#endif
        :: else ->
           /* The level refuses. */
           assert(SUM(blocks, level) + SUM(freeing, level) + 1 > (level == LOWER -> LOWER_LIMIT : UPPER_LIMIT));
           break
        fi
     od
  fi;
  level = 0;
  EXIT(t)
}

/* BudgetLevel.Refund. */
inline refund(t, bytes)
{
  ENTER(t);
  atomic { CHARGE(t, 0, bytes); freeing[t] = freeing[t] - bytes };
  moveParcel(t);
  EXIT(t)
}

inline allocate(t)
{
  tryTake(t);
  if
  :: ok -> ok = 0
  :: else -> tryCharge(t)
  fi
}

/* A block is freed, and then its bytes go back. A block of no bytes may be freed at any time. */
inline free(t, bytes)
{
#ifdef REFUND_FIRST
  freeing[t] = freeing[t] + bytes;
#else
  atomic { blocks[t] = blocks[t] - bytes; freeing[t] = freeing[t] + bytes };
#endif
  tryGive(t, bytes);
  if
  :: ok -> ok = 0
  :: else -> refund(t, bytes)
  fi
#ifdef REFUND_FIRST
  ; blocks[t] = blocks[t] - bytes
#endif
}

/* BudgetLevel.Close. */
inline close(t)
{
  ENTER(t);
#ifndef NO_CALL_IN
  callIn(t, LOWER);
#endif
  isClosed = 1;
  EXIT(t);
  isDisposed = 1
}

/* BudgetLevel.LetGoIfUnused. */
inline letGo(t)
{
  ENTER(t);
  if
  :: used[LOWER] == (isOpen[0] -> LOAD(t, LEFT(0)) : 0) ->
     callIn(t, LOWER);
     if
     :: used[LOWER] == 0 -> isHeld = 0
     :: else
     fi
  :: else
  fi;
  EXIT(t)
}

/* BudgetLevel.Drop: thread 0 has ended. */
inline drop(t)
{
  ENTER(t);
#ifndef NO_DROP
  if
  :: isOpen[0] ->
     left = LOAD(t, LEFT(0));
     atomic { CHARGE(0, 0, left); isOpen[0] = 0; left = 0 };
     set(t, 0, 0, 0)
  :: else
  fi;
#endif
  isFreed = 1;
  EXIT(t)
}

proctype thread0()
{
  byte floor, left, level, turn;
  bit ok;
  do
  :: turn < TURNS ->
     turn++;
     if
     :: allocate(0)
     :: blocks[0] > 0 -> free(0, 1)
#ifdef LET_GO
     :: free(0, 0)
#endif
     fi
  :: else -> break
  od;
  turn = 0;
  do
  :: blocks[0] > 0 -> free(0, 1)
  :: else -> break
  od;
  FENCE(0);
  isOver = 1
}

proctype thread1()
{
  byte floor, left, level, turn;
  bit ok;
  do
  :: turn < TURNS ->
     turn++;
     if
#ifdef DISPOSE
     :: !isClosed -> close(1)
#elif defined(LET_GO)
     :: letGo(1)
#else
     :: allocate(1)
     :: blocks[1] > 0 -> free(1, 1)
#endif
     :: isOver && !isFreed -> drop(1)
     :: true
     fi
  :: else -> break
  od;
  turn = 0;
  do
  :: blocks[1] > 0 -> free(1, 1)
  :: else -> break
  od;
  isOver;
  if
  :: !isFreed -> drop(1)
  :: else
  fi;
  ENTER(1);
  callIn(1, UPPER);
  EXIT(1);
  assert(used[LOWER] == 0 && used[UPPER] == 0)
}

init
{
  atomic {
    run thread0();
    run thread1()
  }
}
