/* The slabs of one pool of the server: rentals, returns, and the eviction of free slabs.

Model:     A slab of two blocks and one of one block, which threads 0 and 1 make when they find no block. Each of them rents or returns twice,
           thread 0 three times in the first run. Thread 2 evicts the free slabs. In the run with a repeat, its first pass may fail before the
           slabs are freed, and a second pass follows. In the run with a dispose, it disposes the pool first, and the returns that find this evict.
Left out:  The order of the open slabs: any of them comes next. Idle periods: each free slab may go. Rentals for another pool: they are like those of
           one more thread. Second returns of one rental. Returns on another thread: the program orders them after the rental.
Property:  A block has one rental at a time, and the rental finds its object. A slab is freed once, after its last rental, and no block of it is
           rented later. When all threads are at rest: each block is free or rented; a slab with free blocks is hot or open; a removed slab is
           freed; and so is each free slab of a disposed pool. A thread that finds no block has found the hot slab full under the lock.

Runs:
  evict:
  repeat: REPEAT
  dispose: DISPOSE

Mutations:
  PLAIN_TAKE: the take is a load and a store
  PLAIN_RETURN: the return is a load and a store
  BLOCK_AFTER_BIT: the return stores the block after its bit
  TAKE_OF_REMOVED: the take does not look whether the slab was removed
  NO_BARRIER_BEFORE_TAKE: no barrier between IsListed = false and the take
  NO_BARRIER_BEFORE_LIST: the eviction has no barrier between IsListed = false and the load of the bits
  LOOK_BEFORE_BIT: the return loads IsListed before it sets the bit
  FORGET_BEFORE: the slab that was hot before is not listed
  ASK_HOT_ONCE: the thread that has entered the lock does not ask the hot slab again
  NO_COMPARE: the eviction removes a slab with a rented block
  NO_REPEAT REPEAT: the eviction does not free a slab that an earlier pass has removed
  KEEP_REMOVED REPEAT: the eviction leaves a removed slab among the slabs
  DISPOSED_BEFORE_BIT DISPOSE: the return looks whether the pool was disposed before it sets the bit
*/
#define THREADS 3
#define SLABS 2
#define FREE 0              /* FREE + s: ServerSlab._free of slab s */
#define LISTED 2            /* LISTED + s: IsListed */
#define BLOCK 4             /* BLOCK + b: 1 if the slab refers to block b; slab 0 has 0 and 1, slab 1 has 2 */
#define HOT 7               /* ServerPool._hot: a slab, or NONE */
#define DISPOSED 8
#define WORDS 9
#include "tso.h"

#if defined(REPEAT) || defined(DISPOSE)
#define TURNS(t) 2
#else
#define TURNS(t) (3 - (t))
#endif
#define NONE 2
#define NO_BLOCK 3
#define ALL(s) (3 - 2 * (s)) /* the bits of the blocks of slab s */
#define REMOVED 4
#define BIT(i) (1 << (i))

/* With the lock of the pool. */
bit lock;
byte slabs;                 /* ServerPool._slabs: a bit for each slab */
byte open;                  /* ServerPool._open */
byte hotWithBlock = NONE;   /* the hot slab, if it has had a free block since the lock was entered */

byte made;                  /* the slabs that were allocated */
byte freed;                 /* a bit for each slab whose memory was freed */
byte rented[2];             /* a bit for each block that thread t rents */
byte done;

#define ENTER(t) atomic { FENCE(t) && !lock -> lock = 1 }
#define EXIT(t) atomic { FENCE(t); hotWithBlock = NONE; lock = 0 }
#define IS_RENTED(b) ((rented[0] | rented[1]) & BIT(b))
#define TAKEABLE(s) (mem[FREE + (s)] != 0 && mem[FREE + (s)] < REMOVED)

/* Interlocked.CompareExchange: the variable seen gets its result. */
#define COMPARE_EXCHANGE(t, word, from, to) FENCE(t); seen = mem[word]; mem[word] = (seen == (from) -> (to) : seen)

/* ServerSlab.TryTake. Leaves the block in got. */
inline tryTake(s)
{
  free = LOAD(t, FREE + s);
  do
#ifdef TAKE_OF_REMOVED
  :: got == NO_BLOCK && free & ALL(s) ->
#else
  :: got == NO_BLOCK && free && free < REMOVED ->
#endif
#ifdef PLAIN_TAKE
     atomic { PUT(t, FREE + s, free & (free - 1)); seen = free };
#else
     d_step {
       COMPARE_EXCHANGE(t, FREE + s, free, free & (free - 1));
       hotWithBlock = (hotWithBlock == s && !TAKEABLE(s) -> NONE : hotWithBlock)
     };
#endif
     if
     :: seen == free ->
        d_step {
          got = 2 * s + (free & 1 -> 0 : 1);
          assert(!IS_RENTED(got) && LOAD(t, BLOCK + got) && !(freed & BIT(s)));
          rented[t] = rented[t] | BIT(got)
        };
        STORE(t, BLOCK + got, 0)
     :: else
     fi;
     free = seen; seen = 0
  :: else -> break
  od;
  free = 0
}

/* ServerPool.List. */
inline list(s)
{
  if
  :: !LOAD(t, LISTED + s) && LOAD(t, FREE + s) & ALL(s) ->
     atomic { PUT(t, LISTED + s, 1); assert(!(open & BIT(s))); open = open | BIT(s) }
  :: else
  fi
}

/* ServerPool.MakeHot. */
inline makeHot(s)
{
  before = LOAD(t, HOT);
  STORE(t, HOT, s);
  if
#ifndef FORGET_BEFORE
  :: before != NONE && before != s -> list(before)
#endif
  :: else
  fi;
  before = 0
}

/* ServerPool.TakeOfOpen. */
inline takeOfOpen()
{
  ENTER(t);
  slab = mem[HOT];
  hotWithBlock = (slab == NONE -> NONE : (TAKEABLE(slab) -> slab : NONE));
#ifndef ASK_HOT_ONCE
  if
  :: slab != NONE -> tryTake(slab)
  :: else
  fi;
#endif
  do
  :: got == NO_BLOCK && open && !LOAD(t, DISPOSED) ->
     if
     :: atomic { open & 1 -> open = open & 2; slab = 0 }
     :: atomic { open & 2 -> open = open & 1; slab = 1 }
     fi;
     STORE(t, LISTED + slab, 0);
#ifndef NO_BARRIER_BEFORE_TAKE
     FENCE(t);
#endif
     tryTake(slab);
     if
     :: got != NO_BLOCK -> makeHot(slab)
     :: else
     fi
  :: else -> break
  od;
  assert(got != NO_BLOCK || hotWithBlock == NONE);
  EXIT(t)
}

/* ServerPool.TakeFresh. The lock comes after the stores of the constructor, which init has made. */
inline takeFresh()
{
  ENTER(t);
  slabs = slabs | BIT(slab);
  if
  :: !LOAD(t, DISPOSED) -> makeHot(slab)
  :: else
  fi;
  EXIT(t)
}

/* ServerPool.Rent. */
inline rent()
{
  got = NO_BLOCK;
  slab = LOAD(t, HOT);
  if
  :: slab != NONE -> tryTake(slab)
  :: else
  fi;
  if
  :: got == NO_BLOCK && !LOAD(t, DISPOSED) ->
     takeOfOpen();
     if
     :: atomic { got == NO_BLOCK && made < SLABS -> slab = made; made++; got = 2 * slab; rented[t] = rented[t] | BIT(got) };
        takeFresh()
     :: else
     fi
  :: else
  fi;
  got = 0; slab = 0
}

/* ServerPool.Forget. */
inline forget()
{
#ifndef KEEP_REMOVED
  slabs = slabs & ~over;
#endif
  open = 0;
  STORE(t, HOT, NONE);
  if
  :: !LOAD(t, DISPOSED) ->
     each = 0;
     do
     :: each < SLABS ->
        if
        :: slabs & BIT(each) ->
           STORE(t, LISTED + each, 0);
#ifndef NO_BARRIER_BEFORE_LIST
           FENCE(t);
#endif
           list(each)
        :: else
        fi;
        each++
     :: else -> break
     od
  :: else
  fi
}

/* ServerSlab.TryRemove. */
inline tryRemove(s)
{
  d_step {
#ifdef NO_COMPARE
    FENCE(t); seen = ALL(s); mem[FREE + s] = ALL(s) | REMOVED;
#else
    COMPARE_EXCHANGE(t, FREE + s, ALL(s), ALL(s) | REMOVED);
#endif
#ifdef NO_REPEAT
    over = (seen == ALL(s) -> over | BIT(s) : over);
#else
    over = ((seen | REMOVED) == (ALL(s) | REMOVED) -> over | BIT(s) : over);
#endif
    seen = 0
  }
}

/* ServerPool.Evict, then ServerSlab.Free. */
inline evict(mayFail)
{
  ENTER(t);
  do
  :: each < SLABS ->
     if
     :: slabs & BIT(each) -> tryRemove(each)
     :: else
     fi;
     each++
  :: else -> break
  od;
  if
  :: over -> forget()
  :: over && mayFail -> over = 0
  :: !over
  fi;
  EXIT(t);
  d_step {
    assert(!(freed & over));
    assert(!(over & 1 && (rented[0] | rented[1]) & 3) && !(over & 2 && (rented[0] | rented[1]) & 4));
    freed = freed | over;
    over = 0; each = 0
  }
}

#ifdef LOOK_BEFORE_BIT
#define IS_LISTED before
#else
#define IS_LISTED LOAD(t, LISTED + slab)
#endif
#ifdef DISPOSED_BEFORE_BIT
#define IS_DISPOSED before
#else
#define IS_DISPOSED LOAD(t, DISPOSED)
#endif

/* ServerSlab.Return, and ServerPool.EndReturn. */
inline giveBack(b)
{
  slab = b / 2;
  d_step { assert(!(freed & BIT(slab))); rented[t] = rented[t] & ~BIT(b) };
#ifdef LOOK_BEFORE_BIT
  before = LOAD(t, LISTED + slab);
#elif defined(DISPOSED_BEFORE_BIT)
  before = LOAD(t, DISPOSED);
#endif
  free = LOAD(t, FREE + slab);
  do
  :: assert(!(free & BIT(b % 2)));
#ifndef BLOCK_AFTER_BIT
     STORE(t, BLOCK + b, 1);
#endif
#ifdef PLAIN_RETURN
     atomic { PUT(t, FREE + slab, free | BIT(b % 2)); seen = free };
#else
     d_step { COMPARE_EXCHANGE(t, FREE + slab, free, free | BIT(b % 2)) };
#endif
     if
     :: seen == free -> break
     :: else -> free = seen; seen = 0
     fi
  od;
  seen = 0;
#ifdef BLOCK_AFTER_BIT
  STORE(t, BLOCK + b, 1);
#endif
  if
#ifdef DISPOSE
  :: (free == 0 || (free | BIT(b % 2)) == ALL(slab)) && IS_DISPOSED -> evict(0)
#endif
  :: free == 0 && !IS_DISPOSED ->
     if
     :: !IS_LISTED ->
        ENTER(t);
        list(slab);
        EXIT(t)
     :: else
     fi
  :: else
  fi;
  free = 0; before = 0; slab = 0
}

proctype renter(byte t)
{
  byte slab, free, seen, got, before, turn;
#ifdef DISPOSE
  byte over, each;
#endif
  do
  :: turn < TURNS(t) ->
     turn++;
     if
     :: rent()
     :: rented[t] & 1 -> giveBack(0)
     :: rented[t] & 2 -> giveBack(1)
     :: rented[t] & 4 -> giveBack(2)
     fi
  :: else -> break
  od;
  turn = 0;
  FENCE(t);
  done++
}

proctype evictor(byte t)
{
  byte seen, over, each;
#ifdef DISPOSE
  ENTER(t);
  STORE(t, DISPOSED, 1);
  STORE(t, HOT, NONE);
  EXIT(t);
#elif defined(REPEAT)
  evict(1);
#endif
  evict(0);
  done == 2;
  each = 0;
  do
  :: each < made ->
     atomic {
       over = (rented[0] | rented[1]) >> (2 * each);
       over = over & ALL(each);
       if
       :: mem[FREE + each] & REMOVED -> assert(freed & BIT(each) && !over)
       :: else ->
          assert(!(freed & BIT(each)) && slabs & BIT(each) && mem[FREE + each] == ALL(each) - over);
#ifdef DISPOSE
          assert(over)
#else
          assert(over == ALL(each) || mem[HOT] == each || open & BIT(each))
#endif
       fi;
       each++
     }
  :: else -> break
  od
}

init
{
  atomic {
    /* Each slab as its constructor leaves it: the first block is rented. */
    mem[FREE] = 2;
    mem[BLOCK + 1] = 1;
    mem[HOT] = NONE;
    run renter(0);
    run renter(1);
    run evictor(2)
  }
}
