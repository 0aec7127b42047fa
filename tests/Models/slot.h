/* A slot, its states and their moves: the steps of Blocks/Lifecycle/CloseProtocol.cs, Blocks/Handles/BorrowHandle.cs,
   Blocks/Lifecycle/Pin.cs, Blocks/Cache/Paths/FreePath.cs and Blocks/Cache/Heaps/RemoteFrees.cs, in the order of the code.

   A generation is one byte: its number, and a SlotState in the lowest three bits. A handle is the number alone.
   ModelTieTests compares the states with SlotState, and each MOVE_CAS and MOVE_STORE with the table of CloseProtocol.

   Variables of the model alone, beside the memory of the code:
   lent      the number of the generation whose owner has the block; 0 while the block is free
   inUse[t]  the number of the generation whose block thread t uses, under a borrow or inside; 0 if none
   pins      the pins that go on, in generation pinned
   hot       1 + the thread whose bin has the slot as its hot one; 0 if none
   A model defines HOMES as 2 if the home of the slot may change; otherwise thread 0 has it. */

#define Scoped 0
#define Open 1
#define Biased 2
#define Shared 3
#define Exclusive 4
#define Closing 5
#define ClosePending 6
#define RemotelyFreed 7

#define G(number, state) (8 * (number) + (state))
#define NUMBER(g) ((g) >> 3)
#define STATE(g) ((g) & 7)
#define IS_OPEN(g, n) ((g) >= G(n, Open) && (g) <= G(n, Shared))
/* Generation.IsExclusiveFor: also while the generation before is exclusive. */
#define IS_EXCLUSIVE(g, n) ((g) == G(n, Exclusive) || (g) == G((n) - 1, Exclusive))
#define IS_OVER(g, n) (!IS_OPEN(g, n) && !IS_EXCLUSIVE(g, n))

/* The words of memory. */
#define GEN 0
#define PINS 1
#define TOP 2               /* TOP + t: how often the slot is listed for thread t's cache, in an outbox or in its remote frees */
#define NOTE 5
#define OPENED 6            /* OwnedBlock._opened: a number */
#define HOME 7              /* Slot.Home: 1 + a thread; 0 for null */
#define INSIDE 8            /* INSIDE + t: VisitGate.Inside of the home of thread t */
#define RECORD 11           /* RECORD + t: the borrow record of thread t; 1 if it names the slot */
#define THREADS 3
#ifndef WORDS
#define WORDS 14
#endif

#include "tso.h"

byte lent = 1;
byte inUse[THREADS];
byte pins;
byte pinned;
byte hot;

/* A thread reads the home of the slot into its variable home. */
#if HOMES == 2
#define HOME_OF(t) LOAD(t, HOME)
#define READ_HOME(t) home = LOAD(t, HOME)
#define CLEAR_HOME home = 0
#define LOCALS byte g, ok, used, before, home
#else
#define HOME_OF(t) 1
#define READ_HOME(t) skip
#define CLEAR_HOME skip
#define LOCALS byte g, ok, used, before
#define home 1
#endif
#define HERE(t, home) ((home) == (t) + 1)

/* The moves. A thread's ok says whether a compare-and-swap has moved. A store waits in the buffer. */
#define MOVE_CAS(t, n, from, to) CAS(t, GEN, G(n, from), G(n, to))
#define MOVE_STORE(t, n, from, to) PUT(t, GEN, to_##to(n))
#define to_Scoped(n) G((n) + 1, Scoped)
#define to_NextOpen(n) G((n) + 1, Open)
#define to_NextBiased(n) G((n) + 1, Biased)
#define to_Open(n) G(n, Open)
#define to_Biased(n) G(n, Biased)
#define to_Closing(n) G(n, Closing)
#define to_ClosePending(n) G(n, ClosePending)
#define to_RemotelyFreed(n) G(n, RemotelyFreed)

#define NOT_USED(n) assert(inUse[0] != (n) && inUse[1] != (n) && inUse[2] != (n) && (pins == 0 || pinned != (n)))
#define GIVEN(n) NOT_USED(n); lent = (lent == (n) -> 0 : lent)
#define TAKEN(n) assert(lent == 0); NOT_USED(NUMBER(G(n, 0)) - 1); lent = (n)

#ifdef NO_WAIT
#define WAIT_FOR_OWNER(t, home) skip
#elif HOMES == 2
#define WAIT_FOR_OWNER(t, home) (home == 0 || LOAD(t, INSIDE + home - 1) == 0)
#else
#define WAIT_FOR_OWNER(t, home) (LOAD(t, INSIDE) == 0)
#endif

/* FreePath.ReturnRemotely, after the compare-and-swap to RemotelyFreed. A list owns nothing: so it makes no difference whether the slot waits
   in the outbox of thread t or among the remote frees, and how long. */
inline push(t, list)
{
  atomic { FENCE(t); mem[TOP + list]++; assert(mem[TOP + list] < 4) }
}

/* FreePath.ReturnClosed: the generation is closing, and this thread has it. */
inline returnClosed(t, n)
{
  if
  :: HERE(t, home) ->
     atomic { MOVE_STORE(t, n, Closing, Scoped); GIVEN(n); assert(hot == 0); hot = t + 1 }
  :: else ->
     atomic { MOVE_CAS(t, n, Closing, RemotelyFreed); if :: ok -> GIVEN(n) :: else fi };
     if
     :: ok -> push(t, home - 1)
     :: else
     fi
  fi;
  ok = 0
}

/* FreePath.TryReturnElsewhere, of a rented buffer. Afterwards ok is 1 if this thread has given it back. */
inline returnElsewhere(t, n)
{
  READ_HOME(t);
  ok = 0;
  if
  :: !HERE(t, home) ->
     atomic {
       MOVE_CAS(t, n, Open, RemotelyFreed);
#ifdef FREE_ALTHOUGH_SHARED
       if :: !ok -> CAS(t, GEN, G(n, Shared), G(n, RemotelyFreed)) :: else fi;
#endif
       if :: ok -> GIVEN(n) :: else fi
     };
     if
     :: ok -> push(t, home - 1)
     :: else
     fi
  :: else
  fi;
  CLEAR_HOME
}

/* FreePath.FreeElsewhere: no other thread moves the closing slot on. */
inline freeElsewhere(t, n)
{
  atomic { MOVE_STORE(t, n, Closing, RemotelyFreed); GIVEN(n) };
  push(t, home - 1)
}

/* The look of a closing thread at the pins: a thread that does not look finds none. */
#ifdef NO_LOOK_AT_PINS
#define PINNED(t) 0
#else
#define PINNED(t) (LOAD(t, PINS) != 0)
#endif

/* BorrowRecords.NameAnywhere. */
inline lookAtRecords(t)
{
  do
  :: used -> break
  :: else -> used = LOAD(t, RECORD + 0); if :: used -> break :: else fi;
             used = LOAD(t, RECORD + 1); if :: used -> break :: else fi;
             used = LOAD(t, RECORD + 2); break
  od
}

/* The same, and the pins before it. */
inline lookAnywhere(t)
{
  used = PINNED(t);
  lookAtRecords(t)
}

/* FreePath.TryFinish. Not among the steps that it takes part in itself: a thread calls it last. */
inline tryFinish(t)
{
  if
  :: atomic { STATE(LOAD(t, GEN)) == ClosePending -> g = LOAD(t, GEN) };
     READ_HOME(t);
     lookAnywhere(t);
     if
     :: !used ->
        MOVE_CAS(t, NUMBER(g), ClosePending, Closing);
        if
        :: ok -> returnClosed(t, NUMBER(g))
        :: else
        fi
     :: else
     fi
  :: STATE(LOAD(t, GEN)) != ClosePending
  fi;
  used = 0
}

/* CloseProtocol.TryShare. Leaves its result in ok. */
inline finishShare(t, n)
{
  BARRIER(t);
  WAIT_FOR_OWNER(t, home);
  MOVE_CAS(t, n, Exclusive, Shared)
}

inline tryShare(t, n)
{
  READ_HOME(t);
  MOVE_CAS(t, n, Biased, Exclusive);
  if
  :: ok -> finishShare(t, n)
  :: else
  fi
}

inline tryShareOpen(t, n)
{
  READ_HOME(t);
  MOVE_CAS(t, n, Open, Exclusive);
  if
  :: ok -> finishShare(t, n)
  :: else
  fi
}

#define OPEN_TO(t, g, n) ((g) == G(n, Shared) || ((g) == G(n, Biased) && HERE(t, home)))

/* BorrowHandle.TryBegin: the record is written, then home and generation are read. Leaves its result in ok. */
inline beginBorrow(t, n)
{
#ifdef RECORD_AFTER_LOOK
  skip;
#else
  STORE(t, RECORD + t, 1);
#endif
#ifdef HOME_AFTER_GENERATION
  g = LOAD(t, GEN);
  READ_HOME(t);
  ok = OPEN_TO(t, g, n);
#else
  READ_HOME(t);
  atomic { g = LOAD(t, GEN); ok = OPEN_TO(t, g, n) };
#endif
#ifdef RECORD_AFTER_LOOK
  STORE(t, RECORD + t, 1);
#endif
  do
  :: ok -> break
  :: else ->
     READ_HOME(t);
     if
     :: HERE(t, home) -> MOVE_CAS(t, n, Open, Biased)
     :: else -> MOVE_CAS(t, n, Open, Shared)
     fi;
     if :: ok -> break :: else fi;
     g = LOAD(t, GEN);
     if
     :: OPEN_TO(t, g, n) -> ok = 1; break
     :: !OPEN_TO(t, g, n) && g == G(n, Biased) -> tryShare(t, n); if :: ok -> break :: else fi
     :: else
     fi;
     if
     :: IS_OPEN(g, n) -> skip
     :: else ->
        STORE(t, RECORD + t, 0);
        before = g;
#ifndef NO_FINISH_AFTER_REFUSAL
        FENCE(t);
        tryFinish(t);
#endif
        g = before;
        before = 0;
        if
        :: !IS_EXCLUSIVE(g, n) -> ok = 0; break
        :: else ->
           /* Waits for the thread that excludes the other threads. */
           LOAD(t, GEN) != g;
           STORE(t, RECORD + t, 1);
           ok = 0
        fi
     fi
  od;
  g = 0;
  CLEAR_HOME
}

/* BorrowHandle.End. */
inline endBorrow(t, n)
{
#ifdef PLAIN_END_OF_BORROW
  /* On Arm64, a plain store may pass the last use of the block. */
  STORE(t, RECORD + t, 0);
  inUse[t] = 0;
#else
  inUse[t] = 0;
  STORE(t, RECORD + t, 0);
#endif
  if
  :: !IS_OPEN(LOAD(t, GEN), n) ->
#ifndef NO_FENCE_BEFORE_FINISH
     FENCE(t);
#endif
#ifndef NO_FINISH_AFTER_USE
     tryFinish(t)
#else
     skip
#endif
  :: IS_OPEN(LOAD(t, GEN), n)
  fi;
  g = 0;
  CLEAR_HOME;
  ok = 0
}

inline use(t, n)
{
  atomic { assert(lent == (n)); inUse[t] = (n) }
}

inline borrow(t, n)
{
  beginBorrow(t, n);
  if
  :: ok -> use(t, n); endBorrow(t, n)
  :: else
  fi;
  ok = 0
}

/* CloseProtocol.IsUsed, for a generation that was moved from the state before. */
inline look(t)
{
  if
  :: before == Open -> used = PINNED(t)
  :: before == Biased && HERE(t, home) ->
     used = PINNED(t);
     used = used || LOAD(t, RECORD + t)
#ifdef NO_BARRIER_IF_PINNED
  :: before == Shared && PINNED(t) -> used = 1
#endif
  :: else ->
     BARRIER(t);
     WAIT_FOR_OWNER(t, home);
     lookAnywhere(t)
  fi
}

/* FreePath.LeaveToLastUse. */
inline leaveToLastUse(t, n)
{
  MOVE_CAS(t, n, Closing, ClosePending);
  if
#ifdef NO_SECOND_LOOK
  :: ok -> skip
#else
  :: ok -> tryFinish(t)
#endif
  :: else
  fi
}

/* Outbox.Settle, by the thread that closed generation n or by a visitor of its outbox. The barrier may serve other closes too. */
inline settle(t, n)
{
  READ_HOME(t);
  BARRIER(t);
  WAIT_FOR_OWNER(t, home);
  lookAtRecords(t);
  if
#ifdef NO_REREAD_OF_CLOSE
  :: true ->
#else
  :: LOAD(t, GEN) == G(n, Closing) ->
#endif
     if
     :: !used && !PINNED(t) && HERE(t, home) -> returnClosed(t, n)
     :: !used && !PINNED(t) && !HERE(t, home) -> freeElsewhere(t, n)
     :: else -> leaveToLastUse(t, n)
     fi
#ifndef NO_REREAD_OF_CLOSE
  :: else
#endif
  fi;
  ok = 0;
  used = 0;
  CLEAR_HOME
}

#ifdef ASIDE
byte aside[THREADS];   /* the number of the generation whose close waits in the outbox of thread t */

/* CloseProtocol.TryPutAside. A close waits if it needs a barrier, and has no pins. */
#define PUT_ASIDE(t, n) (before != Open && !(before == Biased && HERE(t, home)) && !PINNED(t)) -> atomic { assert(!aside[t]); aside[t] = n }

/* A thread settles the close that waits in its outbox, or visits the outbox of another thread. outbox.pml shows that one of them has it. */
inline settleAside(t, box)
{
  if
  :: atomic { aside[box] -> n = aside[box]; aside[box] = 0 };
     settle(t, n);
     n = 0
  :: else
  fi
}
#else
#define PUT_ASIDE(t, n) false -> skip
#endif

/* The end of CloseProtocol.Close, after the move to closing. */
inline closeMoved(t, n)
{
  if
  :: PUT_ASIDE(t, n)
  :: else -> closeNow(t, n)
  fi;
  used = 0;
  before = 0;
  CLEAR_HOME
}

inline closeNow(t, n)
{
  look(t);
  if
  :: !used -> returnClosed(t, n)
  :: else -> leaveToLastUse(t, n)
  fi
}

/* FreePath.TryReturnElsewhere, of an owner. Afterwards ok is 1 if this thread has closed it. */
inline closeElsewhere(t, n)
{
  READ_HOME(t);
  ok = 0;
  if
  :: !HERE(t, home) ->
     MOVE_CAS(t, n, Open, Closing);
     if
     :: ok ->
        if
        :: !PINNED(t) -> freeElsewhere(t, n)
        :: else -> leaveToLastUse(t, n)
        fi;
        ok = 1
     :: else
     fi
  :: else
  fi;
  CLEAR_HOME
}

/* OwnedBlock.TryClose on another thread. */
inline closeOwner(t, n)
{
  closeElsewhere(t, n);
  if :: !ok -> close(t, n) :: else fi
}

/* CloseProtocol.TryLeaveOpen to closing, once. */
inline leaveOpen(t, n)
{
  before = STATE(g);
  READ_HOME(t);
  if
  :: before == Open -> MOVE_CAS(t, n, Open, Closing)
  :: before == Biased -> MOVE_CAS(t, n, Biased, Closing)
  :: else -> MOVE_CAS(t, n, Shared, Closing)
  fi
}

#ifndef ASK_TO_CLOSE
#define ASK_TO_CLOSE(t, n) ok = 0
#endif

/* CloseProtocol.Close. Afterwards ok is 1 if this thread has closed it, or was heard by the excluding thread. */
inline close(t, n)
{
  do
  :: g = LOAD(t, GEN);
     if
     :: IS_OPEN(g, n) ->
        leaveOpen(t, n);
        if :: ok -> closeMoved(t, n); ok = 1; break :: else fi
     :: !IS_OPEN(g, n) && IS_OVER(g, n) -> ok = 0; break
     :: else ->
        ASK_TO_CLOSE(t, n);
        if
        :: ok -> break
        :: else -> LOAD(t, GEN) != g
        fi
     fi
  od;
  g = 0;
  before = 0;
  CLEAR_HOME
}

/* CloseProtocol.TryCloseHere for state Biased, SharedHandle.Return for state Open. On the thread of the home. If another slot is hot there,
   FreePath.TryReturnHere makes the same moves in the same order, and the slot goes to the magazine: pools.pml has the magazine and its visitors. */
#ifdef PLAIN_LEAVE
/* On Arm64, a plain store may pass the stores before it. */
#define LEAVE_EARLY(t) STORE(t, INSIDE + t, 0)
#define LEAVE(t) skip
#else
#define LEAVE_EARLY(t) skip
#define LEAVE(t) STORE(t, INSIDE + t, 0)
#endif

inline closeHere(t, n)
{
#ifdef INSIDE_AFTER_LOOK
  g = LOAD(t, GEN);
  STORE(t, INSIDE + t, 1);
#else
  STORE(t, INSIDE + t, 1);
  g = LOAD(t, GEN);
#endif
  ok = 0;
  if
#ifdef NO_LOOK_AT_OWN_RECORDS
  :: g == G(n, Biased) && hot != t + 1 && !PINNED(t) ->
#else
  :: g == G(n, Biased) && hot != t + 1 && !PINNED(t) && !LOAD(t, RECORD + t) ->
#endif
     LEAVE_EARLY(t);
     atomic { MOVE_STORE(t, n, Biased, Scoped); GIVEN(n); hot = t + 1; ok = 1 };
     LEAVE(t)
  :: else -> STORE(t, INSIDE + t, 0)
  fi;
  g = 0
}

inline returnHere(t, n)
{
  STORE(t, INSIDE + t, 1);
  g = LOAD(t, GEN);
  ok = 0;
  if
  :: g == G(n, Open) && HOME_OF(t) == t + 1 && hot != t + 1 ->
     LEAVE_EARLY(t);
     atomic { MOVE_STORE(t, n, Open, Scoped); GIVEN(n); hot = t + 1; ok = 1 };
     LEAVE(t)
  :: else -> STORE(t, INSIDE + t, 0)
  fi;
  g = 0
}

/* CloseProtocol.TryAllowUses: a rented buffer lets uses begin. Leaves its result in ok. */
inline allowUses(t, n)
{
  do
  :: g = LOAD(t, GEN);
     if
     :: g == G(n, Open) ->
        READ_HOME(t);
        if
        :: HERE(t, home) -> MOVE_CAS(t, n, Open, Biased)
        :: else -> tryShareOpen(t, n)
        fi;
        if :: ok -> break :: else fi
     :: g != G(n, Open) && IS_OPEN(g, n) -> ok = 1; break
     :: IS_EXCLUSIVE(g, n) -> LOAD(t, GEN) != g
     :: else -> ok = 0; break
     fi
  od;
  g = 0;
  CLEAR_HOME
}

#ifndef ENTRY_TAKEN
#define ENTRY_TAKEN skip
#endif

/* RemoteFrees.TryTake. Afterwards ok is 1 if this thread has the slot, in the state closing; its number is in before. */
inline tryTake(t)
{
  g = LOAD(t, GEN);
  if
  :: STATE(g) == RemotelyFreed -> MOVE_CAS(t, NUMBER(g), RemotelyFreed, Closing); before = NUMBER(g)
  :: else
  fi
}

/* RemoteFrees.TakeAll and TryTake, until a slot is taken. */
inline takeRemote(t, list)
{
  ok = 0;
  do
  :: atomic { mem[TOP + list] > 0 && bufCount[t] == 0 -> mem[TOP + list]--; ENTRY_TAKEN };
     tryTake(t);
     if :: ok -> break :: else fi
  :: atomic { mem[TOP + list] == 0 -> break }
  od;
  g = 0
}

/* AllocatePath.TakeRemotelyFreed and RemotePath.TakeBack, until a slot is taken: by the thread of the home, inside. Afterwards the slot is hot there, or ok
   is 1 as after tryTake, which is the beginning of TakeBackSlow. */
#ifndef AWAY
#define AWAY 0              /* whether another thread has taken the slot away from its home */
#endif
#ifdef TAKE_OUTSIDE
#define ENTER_TO_TAKE(t) skip
#else
#define ENTER_TO_TAKE(t) STORE(t, INSIDE + t, 1)
#endif
#ifdef ANY_HOME
#define IS_MINE(t) 1
#else
#define IS_MINE(t) (HOME_OF(t) == t + 1)
#endif

inline takeBack(t)
{
  ok = 0;
  do
  :: atomic { mem[TOP + t] > 0 && bufCount[t] == 0 -> mem[TOP + t]--; ENTRY_TAKEN };
     ENTER_TO_TAKE(t);
     g = LOAD(t, GEN);
     if
     :: STATE(g) == RemotelyFreed && IS_MINE(t) ->
        LEAVE_EARLY(t);
        atomic { MOVE_STORE(t, NUMBER(g), RemotelyFreed, Scoped); assert(hot == 0 && !AWAY); hot = t + 1 };
        LEAVE(t);
        break
     :: else ->
        STORE(t, INSIDE + t, 0);
        tryTake(t)
     fi;
     if :: ok -> break :: else fi
  :: atomic { mem[TOP + t] == 0 -> break }
  od;
  g = 0
}

/* Pin.TryBegin. Leaves its result in ok. */
inline count(t)
{
  atomic { FENCE(t); mem[PINS]++ }
}

inline uncount(t)
{
  atomic { FENCE(t); mem[PINS]-- };
#ifndef NO_FINISH_AFTER_PIN
  tryFinish(t)
#endif
}

inline beginPin(t, n)
{
  g = LOAD(t, GEN);
  ok = 0;
  do
  :: IS_OVER(g, n) -> break
  :: else ->
#ifdef LOOK_BEFORE_COUNT
     READ_HOME(t);
     g = LOAD(t, GEN);
     count(t);
#else
     count(t);
     READ_HOME(t);
     g = LOAD(t, GEN);
#endif
     ok = IS_OPEN(g, n);
#ifndef NO_SHARE_FOR_PIN
     if
     :: g == G(n, Biased) && !HERE(t, home) -> tryShare(t, n)
     :: else
     fi;
#endif
     if
     :: ok -> atomic { assert(lent == (n)); pins++; pinned = (n) }; break
     :: else ->
        before = g;
        uncount(t);
        g = before;
        before = 0;
        ok = 0;
        if
        :: IS_OVER(g, n) -> skip
        :: IS_EXCLUSIVE(g, n) -> LOAD(t, GEN) != g; g = G(n, Open)
        :: else -> g = G(n, Open)
        fi
     fi
  od;
  g = 0;
  CLEAR_HOME
}

/* Pin.TryEnd, after the exchange that lets one thread end the pin. */
inline endPin(t)
{
  pins--;
  uncount(t);
  g = 0;
  CLEAR_HOME;
  ok = 0
}
