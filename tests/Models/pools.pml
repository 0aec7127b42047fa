/* The table of pools: a pool is closed while a thread of it and another thread give a buffer back, and the next pool gets its number.

Model:     One slot, one bin, one set of bins, one number. Heap 1 has them first. Thread 0 is at home: it returns the buffer of generation 1, and rents
           from either heap. Thread 1 returns generation 1, too, and each generation that it knows a second time. Thread 2 closes heap 1,
           makes heap 2 when the number is free, returns a buffer of either heap, and closes heap 2 when the other threads have ended. In
           the run with moves, thread 0 gives the bins of the ended heap up, and thread 2 takes them for heap 2.
Left out:  The magazines: the bin has the place of its latest slot alone, and bin.pml the rest. Borrows and pins: see close.pml. The limit: a request to keep or to queue may
           fail at any time. Idle blocks.
Property:  As in remote.pml. A block is rented from its own heap only, and is freed when its heap has closed. A heap that has ended, or another
           one with its number, is never taken for the slot's heap. The counts of a heap are exact. Only the thread of a bin stores Inside.

Runs:
  numbers:
  moves: MOVES

Mutations:
  NO_BARRIER: visitors and drains pass no process-wide barrier
  ANNOUNCE_LATE: the visitor raises the floor after the barrier
  COUNT_BEFORE_FLOOR: the owner looks into the bin before it loads the floor
  NO_WAIT: visitors and drains do not wait until the home's thread is outside
  NO_REREAD: the draining thread does not read the generation again
  HEAP_OF_SLOT: the freeing thread finds the heap by the slot's home after its compare-and-swap
  NO_HOLD_TO_REGISTER: a thread does not hold the heap while it makes bins for it
  NO_IDENTITY: a thread finds its bins by the number of the heap alone
  NO_SETTLE: a thread that keeps a block does not look whether the heap has closed
  NO_LOOK_AFTER_LIST: the freeing thread does not look whether the heap has closed, after it has listed the slot
  NO_LOOK_AFTER_PUSH: the same, after it has sent the slot
  NO_IDENTITY_OF_BATCH: a batch goes to the heap that has the bin now
  PLAIN_HOME: the clear home passes the store of the generation
  KEEP_CACHE MOVES: a thread that gives bins up stays their owner for its stale handles
*/
#define HOMES 2
#define K 4
#define HEAP 14             /* HeapBins.HeapId */
#define CACHE 15            /* Bin.Cache: 1 + the thread; 0 for Bin.NoCache */
#define FLOOR 16
#define LIMIT 17            /* the room of the bin: 1, or 0 when it is closed */
#define COUNT 18
#define WORDS 19
/* The entry is taken and counted out in one step: of two drains, one takes it. */
#define ENTRY_TAKEN assert(queued[toDrain]); queued[toDrain]--
#include "slot.h"

byte table = 1;             /* PoolHeaps: the heap that has the number; 0 if none */
byte listed = 1;            /* the heap that lists the set; 0 if none */
byte slots[3];              /* PoolHeap._slotCount */
byte queued[3];
byte box[THREADS];          /* Outbox: the heap whose slot thread t has listed, and has yet to send; 0 if none */
bit closed[3];
bit depot[3];
bit gate[3];
byte blockOf = 1;           /* the heap of the slot's block; 0 if the slot is vacant */
byte ownerOf = 1;           /* 1 + the thread that has the set; 0 if none */
byte known = 1;
byte done;

/* PoolHeaps.Of: a set. */
#define HEAP_OF_SET(t) (table && table == LOAD(t, HEAP) -> table : 0)

/* PoolHeap.RemoveSlots. With the last one, PoolHeap.End and PoolHeaps.Remove. */
inline removeSlot(t, h)
{
  atomic { FENCE(t); assert(slots[h]); slots[h]--; last = !slots[h] };
  if
  :: last ->
     atomic { FENCE(t) && !gate[h]; mem[HEAP] = (listed == h -> 0 : mem[HEAP]); listed = (listed == h -> 0 : listed) };
     atomic { FENCE(t); assert(table == h && !depot[h] && blockOf != h); table = 0; last = 0 }
  :: else
  fi
}

/* PoolHeap.TryAddSlot. Leaves its result in ok. */
inline addSlot(t, h)
{
  atomic { FENCE(t); ok = slots[h] != 0; slots[h] = slots[h] + ok }
}

/* LeavePath.TakeAwayUnlessReturned, after TryTake: the number of the generation is in before. The slot's heap goes to other, if the slot was not returned. */
inline takeAway(t)
{
  BARRIER(t);
  READ_HOME(t);
  other = (home -> HEAP_OF_SET(t) : 0);
  /* FreePath.TryTakeAway. */
  READ_HOME(t);
  WAIT_FOR_OWNER(t, home);
  if
#ifdef NO_REREAD
  :: true ->
#else
  :: LOAD(t, GEN) == G(before, Closing) ->
#endif
     assert(other);
     STORE(t, HOME, 0);
     atomic { MOVE_STORE(t, before, Closing, Scoped) }
#ifndef NO_REREAD
  :: LOAD(t, GEN) != G(before, Closing) -> other = 0
#endif
  fi;
  CLEAR_HOME;
  ok = 0;
  before = 0
}

/* HeapVisit.TakeRemoteFrees. */
inline drain(t)
{
  takeRemote(t, 0);
  if
  :: ok -> ok = 0
  :: else -> before = 0; toDrain = 0
  fi
}

/* PoolHeap.Empty up to its end: the visit of the bin. */
inline visit(t)
{
  atomic { FENCE(t) && !gate[toTrim] -> gate[toTrim] = 1 };
  if
  :: listed == toTrim ->
#ifdef ANNOUNCE_LATE
     BARRIER(t);
     STORE(t, FLOOR, 9);
#else
     STORE(t, FLOOR, 9);
     BARRIER(t);
#endif
#ifndef NO_WAIT
     LOAD(t, INSIDE) == 0;
#endif
     /* HeapVisit.Close. */
     taken = LOAD(t, COUNT);
     STORE(t, COUNT, 0);
     STORE(t, LIMIT, 0);
     STORE(t, FLOOR, 0);
     toDrain = toTrim
  :: else
  fi;
  inGate = toTrim;
  toTrim = 0
}

inline endVisit(t)
{
  atomic { FENCE(t); gate[inGate] = 0 };
  if
  :: taken -> toFree = inGate; taken = 0
  :: !taken && other -> toFree = other; other = 0
  :: else -> atomic { FENCE(t); toFree = (depot[inGate] -> inGate : 0); depot[inGate] = 0 }
  fi;
  inGate = 0
}

/* PoolHeap.Settle. */
#ifdef NO_SETTLE
#define SETTLE(t, h) skip
#else
#define SETTLE(t, h) atomic { FENCE(t); toTrim = (closed[h] -> h : 0); toFlush = (toTrim -> 1 : toFlush) }
#endif

/* PoolHeap.Keep. */
inline keep(t)
{
  if
  :: !closed[toKeep] ->
     atomic { FENCE(t); assert(blockOf == toKeep && !depot[toKeep] && !lent); depot[toKeep] = 1 };
     SETTLE(t, toKeep)
  :: toFree = toKeep
  fi;
  toKeep = 0
}

/* Bin.TryGiveInside. Leaves its result in ok. */
inline giveInside(t)
{
#ifdef COUNT_BEFORE_FLOOR
  ok = LOAD(t, COUNT) == 0 && LOAD(t, LIMIT);
  ok = ok && LOAD(t, FLOOR) == 0;
#else
  g = LOAD(t, FLOOR);
  ok = LOAD(t, COUNT) == 0 && LOAD(t, LIMIT) > g;
  g = 0;
#endif
  if
  :: ok ->
     assert(HEAP_OF_SET(t) == blockOf);
#ifndef PLAIN_HOME
     STORE(t, HOME, 0);
#endif
     STORE(t, COUNT, 1)
  :: else
  fi
}

/* PoolFreePath.ReturnSlow: the slot is this thread's, and has its home. First PoolHeap.Open, then Bin.TryGive. */
inline open(t)
{
  other = HEAP_OF_SET(t);
  assert(other && other == blockOf);
  if
  :: !closed[other] && LOAD(t, LIMIT) == 0 ->
     STORE(t, INSIDE, 1);
     do
     :: LOAD(t, FLOOR) == 0 -> break
     :: LOAD(t, FLOOR) != 0 -> STORE(t, INSIDE, 0); LOAD(t, FLOOR) == 0; STORE(t, INSIDE, 1)
     od;
     g = 0;
     STORE(t, LIMIT, 1);
     STORE(t, INSIDE, 0);
     SETTLE(t, other)
  :: skip
  fi;
  other = 0;
  toGive = 1
}

inline give(t)
{
  STORE(t, INSIDE, 1);
  giveInside(t);
  STORE(t, INSIDE, 0);
  if
  :: ok
  :: else -> toKeep = HEAP_OF_SET(t); STORE(t, HOME, 0)
  fi;
  ok = 0;
  toGive = 0
}

/* PoolFreePath.ReturnRemotely. */
inline returnRemotely(t, n)
{
  atomic { MOVE_CAS(t, n, Closing, RemotelyFreed); if :: ok -> GIVEN(n) :: else fi };
  if
  :: ok ->
     ok = 0;
#ifdef HEAP_OF_SLOT
     READ_HOME(t);
     assert(home);
     CLEAR_HOME;
#endif
     other = HEAP_OF_SET(t);
     if
     :: other -> list(t)
     :: else
     fi
  :: else
  fi;
  ok = 0
}

/* PoolFreePath.List, where the heap may have no room. A batch is sent when it is full: here, when the thread has listed a slot before. */
inline list(t)
{
  if
  :: atomic { FENCE(t) && !closed[other] -> queued[other]++ };
     atomic { toSend = box[t]; box[t] = other };
#ifndef NO_LOOK_AFTER_LIST
     toFlush = (closed[other] -> 1 : 0)
#endif
  :: takeListed(t)
  fi;
  other = 0
}

/* LeavePath.TakeAway. The number of the generation goes to before, if the slot is this thread's now. */
inline takeListed(t)
{
  g = LOAD(t, GEN);
  if
  :: STATE(g) == RemotelyFreed -> MOVE_CAS(t, NUMBER(g), RemotelyFreed, Closing); before = (ok -> NUMBER(g) : 0); ok = 0
  :: else
  fi;
  g = 0
}

/* PoolFreePath.Send. A thread that holds the heap already holds it on. */
inline send(t)
{
  last = HEAP_OF_SET(t);
#ifndef NO_IDENTITY_OF_BATCH
  last = (last == toSend -> last : 0);
#endif
  if
  :: last && held == last -> ok = 1
  :: last && !held -> addSlot(t, last); held = (ok -> last : 0)
  :: else
  fi;
  last = 0;
  if
  :: ok ->
     ok = 0;
     push(t, 0);
#ifndef NO_LOOK_AFTER_PUSH
     toDrain = (closed[held] -> held : 0)
#endif
  :: else ->
     /* The heap has ended: its counts are not read any more. */
     atomic { assert(!slots[toSend] && queued[toSend]); queued[toSend]-- };
     takeListed(t)
  fi;
  toSend = 0
}

/* RemotePath.FlushOutboxes, up to the next batch. outbox.pml shows that one thread takes it. */
inline flush(t)
{
  BARRIER(t);
  atomic {
    if
    :: box[0] -> toSend = box[0]; box[0] = 0
    :: !box[0] && box[1] -> toSend = box[1]; box[1] = 0
    :: !box[0] && !box[1] && box[2] -> toSend = box[2]; box[2] = 0
    :: else -> toFlush = 0
    fi
  }
}

/* PoolFreePath.TryReturn; otherwise CloseProtocol.Close of a rented buffer that has no use, and FreePath.ReturnClosed. */
inline giveBack(t, n)
{
  if
  :: LOAD(t, CACHE) == t + 1 ->
     atomic { PUT(t, INSIDE, 1); assert(ownerOf == t + 1) };
     g = LOAD(t, GEN);
     if
     :: g == G(n, Open) && LOAD(t, HOME) == 1 ->
        g = 0;
#ifdef PLAIN_HOME
        STORE(t, HOME, 0);
#endif
        atomic { MOVE_STORE(t, n, Open, Scoped); GIVEN(n) };
        giveInside(t);
        toGive = (ok -> 0 : 2);
        ok = 1;
        STORE(t, INSIDE, 0)
     :: else -> g = 0; STORE(t, INSIDE, 0)
     fi
  :: LOAD(t, CACHE) != t + 1
  fi;
  if
  :: ok -> ok = 0
  :: else ->
     MOVE_CAS(t, n, Open, Closing);
     if
     :: ok ->
        ok = 0;
        if
        :: LOAD(t, CACHE) == t + 1 -> atomic { MOVE_STORE(t, n, Closing, Scoped); GIVEN(n) }; toGive = 1
        :: LOAD(t, CACHE) != t + 1 -> returnRemotely(t, n)
        fi
     :: else
     fi
  fi
}

/* The rest of a return, of a trim or of the end of a heap, one step after the other: what calls what is in the comments above. */
inline rest(t)
{
  do
  :: before -> takeAway(t)
  :: !before && !toDrain && toSend -> send(t)
  :: !before && !toDrain && !toSend && toFlush -> flush(t)
  :: !before && toDrain -> drain(t)
  :: !before && !toDrain && inGate -> endVisit(t)
  :: toFree -> atomic { FENCE(t); assert(blockOf == toFree && !lent); blockOf = 0; toRemove = toFree; toFree = 0 }
  :: toRemove -> removeSlot(t, toRemove); toRemove = 0
  :: !toRemove && !toFree && !toFlush && !toSend && toTrim -> visit(t)
  :: !toRemove && !toFree && !toTrim && toGive == 2 -> open(t)
  :: !toRemove && !toFree && !toTrim && toGive == 1 -> give(t)
  :: toKeep && !inGate -> keep(t)
  :: other && !inGate && !before -> toKeep = other; other = 0
  :: held && !(toSend || toFlush || before || toDrain || inGate || toFree || toRemove || toTrim || toGive || toKeep || other) -> removeSlot(t, held); held = 0
  :: else -> break
  od
}

/* PoolHeap.BinsFor. Leaves in ok whether the thread has the bins of the heap. */
inline binsFor(t, h)
{
#ifdef NO_IDENTITY
  ok = LOAD(t, HEAP) != 0;
#else
  ok = LOAD(t, HEAP) == h;
#endif
  if
  :: ok
  :: else ->
#ifdef NO_HOLD_TO_REGISTER
     ok = 1;
#else
     addSlot(t, h);
#endif
     if
     :: ok ->
        /* HeapBins.TryMake: no heap may have these bins now. */
        assert(!listed && LOAD(t, COUNT) == 0);
        STORE(t, LIMIT, 0);
        atomic { FENCE(t) && !gate[h]; listed = h; mem[HEAP] = h };
#ifndef NO_HOLD_TO_REGISTER
        removeSlot(t, h);
#endif
        ok = 1
     :: else
     fi
  fi
}

/* PoolPath.TryTakeHere, TryTake and TakeFresh; then SharedHandle.Open. The number of the generation goes to n, 0 if there is no slot. */
inline rent(t, h)
{
  binsFor(t, h);
  if
  :: ok ->
     STORE(t, INSIDE, 1);
#ifdef COUNT_BEFORE_FLOOR
     ok = LOAD(t, COUNT);
     ok = ok && LOAD(t, FLOOR) == 0;
#else
     g = LOAD(t, FLOOR);
     ok = LOAD(t, COUNT) > g;
     g = 0;
#endif
     if
     :: ok -> STORE(t, HOME, 1); STORE(t, COUNT, 0)
     :: else
     fi;
     STORE(t, INSIDE, 0);
     if
     :: ok
     :: !ok -> atomic { FENCE(t); ok = depot[h]; depot[h] = 0 }
     :: !ok ->
        addSlot(t, h);
        if
        :: ok ->
           atomic { FENCE(t); ok = !blockOf; blockOf = (ok -> h : blockOf) };
           toRemove = (ok -> 0 : h)
        :: else
        fi
     fi;
     if
     :: ok ->
        STORE(t, HOME, 1);
        atomic { g = LOAD(t, GEN); assert(STATE(g) == Scoped && blockOf == h); n = NUMBER(g); TAKEN(n); g = 0; MOVE_STORE(t, n, Scoped, Open) };
        atomic { FENCE(t); known = n };
        ok = 0
     :: else
     fi
  :: else
  fi
}

/* HeapBins.Sweep. */
inline sweep(t)
{
  if
  :: LOAD(t, HEAP) == 0 ->
     STORE(t, LIMIT, 0);
#ifndef KEEP_CACHE
     STORE(t, CACHE, 0);
#endif
     atomic { FENCE(t); ownerOf = 0 }
  :: else
  fi
}

#define VARIABLES byte g, ok, before, home, n, other, taken, held, last, toSend, toFlush, toDrain, toTrim, inGate, toFree, toRemove, toGive, toKeep, turn

proctype atHome()
{
  VARIABLES;
  n = 1;
  do
  :: n -> giveBack(0, n); n = 0; rest(0)
#ifdef MOVES
  :: !n && turn == 0 -> turn = 1; sweep(0); n = 1
  :: !n && turn == 1 -> break
#else
  :: !n && turn == 0 -> turn = 1; rent(0, 1)
  :: !n && turn == 1 && table == 2 -> turn = 2; rent(0, 2)
  :: !n && turn == 2 -> turn = 3; rent(0, 1)
  :: !n && turn >= 1 -> break
#endif
  od;
  rest(0);
  turn = 0;
  FENCE(0);
  done++
}

proctype stale()
{
  VARIABLES;
#ifndef MOVES
  n = 1;
  do
  :: n -> giveBack(1, n); n = 0; rest(1)
  :: !n && turn == 0 -> turn = 1; n = (known > 1 -> known : 0)
  :: !n && turn == 1 -> break
  od;
  turn = 0;
#endif
  FENCE(1);
  done++
}

proctype closer()
{
  VARIABLES;
  closed[1] = 1;
  toFlush = 1;
  toTrim = 1;
  do
  :: turn == 0 -> turn = 1; rest(2); removeSlot(2, 1);
     if
     :: atomic { !table -> table = 2; slots[2] = 1 }
     :: skip
     fi
#ifndef MOVES
  :: turn == 1 && known > 1 -> turn = 2; n = known; giveBack(2, n); n = 0; rest(2)
#else
  :: turn == 1 && table == 2 && !ownerOf -> turn = 2;
     atomic { FENCE(2); ownerOf = 3 };
     STORE(2, CACHE, 3);
     rent(2, 2);
     if :: n -> giveBack(2, n); n = 0 :: else fi
#endif
  :: turn >= 1 && turn < 3 && done == 2 && table == 2 -> turn = 3; closed[2] = 1; toFlush = 1; toTrim = 2
  :: turn == 3 -> turn = 0; rest(2); removeSlot(2, 2); break
  :: turn >= 1 && turn < 3 && done == 2 && table != 2 -> turn = 0; break
  od;
  /* Nothing waits for a later trim but stale entries. */
  done == 2;
  assert(!blockOf);
  toFlush = 1;
  rest(2);
  FENCE(2);
  assert(!slots[1] && !slots[2] && !queued[1] && !queued[2] && !blockOf && !table && !listed && !lent)
}

init
{
  atomic {
    mem[HOME] = 1;
    mem[GEN] = G(1, Open);
    mem[HEAP] = 1;
    mem[CACHE] = 1;
    mem[LIMIT] = 1;
    slots[1] = 2;
    run atHome();
    run stale();
    run closer()
  }
}
