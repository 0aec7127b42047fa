using System.Diagnostics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>One run of a body: what it asks for, what it has not given back, and which allocation fails.</summary>
/// <param name="failing">The number of the allocation that fails, from 1; 0 if none does.</param>
/// <param name="first">The run before it in which none failed; null in that run itself.</param>
internal sealed class FaultRun(int failing, FaultRun? first)
{
    private static readonly System.Reflection.Assembly s_library = typeof(NativeAllocator).Assembly;

    private readonly UninterruptedLock _gate = new();
    private readonly Dictionary<nint, (int Number, bool IsOfDefault)> _live = [];
    private readonly List<int> _abandoned = [];
    private readonly List<(nuint ByteCount, string Site)> _asked = [];
    private Exception? _thrown;
    private int _refusedThread;
    private bool _isOver;

    /// <summary>How many allocations there were.</summary>
    public int Count => _asked.Count;

    /// <summary>Whether an exception was thrown because an allocation failed, and the library has not met it on purpose.</summary>
    public bool WasThrown => Volatile.Read(ref _thrown) is not null;

    /// <summary>The number of the allocation that fails.</summary>
    public int Failing => failing;

    /// <summary>Where the program asked for a block.</summary>
    public string SiteOf(int number) => number > 0 && number <= _asked.Count ? _asked[number - 1].Site : string.Empty;

    /// <summary>Notes that a block is asked for; its number, or 0 if it is refused. A negative one if the run is over: it does not count.</summary>
    public int Ask(nuint byteCount)
    {
        using (_gate.Enter())
        {
            if (_isOver)
            {
                return -1;
            }

            // Whoever was refused and asks again has not thrown, and what is thrown later has another reason.
            int thread = Environment.CurrentManagedThreadId;
            if (_refusedThread == thread)
            {
                _refusedThread = 0;
            }

            // As long as all is as it was in the first run, the site is known. A walk takes a tenth of a millisecond.
            int index = _asked.Count;
            bool isKnown = first is not null && index < failing && index < first._asked.Count && first._asked[index].ByteCount == byteCount;
            _asked.Add((byteCount, isKnown ? first!._asked[index].Site : Walk()));
            if (index + 1 != failing)
            {
                return index + 1;
            }

            _refusedThread = thread;
            return 0;
        }
    }

    /// <summary>Notes that a block was given out.</summary>
    /// <param name="block">Its address.</param>
    /// <param name="number">As <see cref="Ask"/> returned it; a block that does not count is not noted.</param>
    /// <param name="isOfDefault">Whether it is the default allocator's.</param>
    public void Give(nint block, int number, bool isOfDefault)
    {
        using (_gate.Enter())
        {
            if (number > 0)
            {
                _live[block] = (number, isOfDefault);
            }
        }
    }

    /// <summary>Notes that a block was given back, or out of the library's hands; its number, 0 if it was not noted.</summary>
    public int Take(nint block)
    {
        using (_gate.Enter())
        {
            return _live.Remove(block, out (int Number, bool IsOfDefault) taken) ? taken.Number : 0;
        }
    }

    /// <summary>A bare block is freed, perhaps by another flow: it is given back if it is the default allocator's.</summary>
    public void Forget(nint block)
    {
        using (_gate.Enter())
        {
            if (_live.TryGetValue(block, out (int Number, bool IsOfDefault) noted) && noted.IsOfDefault)
            {
                _ = _live.Remove(block);
            }
        }
    }

    /// <summary>Notes that nobody has given a block back: a finalizer did, or the end of its thread.</summary>
    /// <param name="number">As <see cref="Take"/> returned it.</param>
    public void NoteAbandoned(int number)
    {
        using (_gate.Enter())
        {
            if (number > 0)
            {
                _abandoned.Add(number);
            }
        }
    }

    /// <summary>Nothing is asked for any more that counts.</summary>
    public void End()
    {
        using (_gate.Enter())
        {
            _isOver = true;
        }
    }

    /// <summary>Notes that an exception is thrown on this thread. It matters if it tells of the failure.</summary>
    public void NoteThrown(OutOfMemoryException exception)
    {
        // The thread that was refused throws next, unless it says no otherwise. Then others may throw theirs.
        if (Volatile.Read(ref _refusedThread) == Environment.CurrentManagedThreadId && ThrowHelper.IsOutOfMemory(exception))
        {
            Volatile.Write(ref _refusedThread, 0);
            Volatile.Write(ref _thrown, exception);
        }
    }

    /// <summary>Notes that the library has caught an exception on purpose, and goes another way.</summary>
    public void NoteRecovered(Exception met) => _ = Interlocked.CompareExchange(ref _thrown, null, met);

    /// <summary>What was not given back: size and site of each, and whether it was freed because it was forgotten.</summary>
    public (nuint ByteCount, string Site, bool IsAbandoned)[] Leaks()
    {
        using (_gate.Enter())
        {
            return
            [
                .. _live.Values.Select(noted => (noted.Number, IsAbandoned: false))
                    .Concat(_abandoned.Select(number => (Number: number, IsAbandoned: true)))
                    .OrderBy(lost => lost.Number)
                    .Select(lost => (_asked[lost.Number - 1].ByteCount, _asked[lost.Number - 1].Site, lost.IsAbandoned)),
            ];
        }
    }

    /// <summary>Where a run did not ask for what the first one did: a sentence; null if it did.</summary>
    /// <param name="other">The first run.</param>
    /// <param name="count">How many allocations to compare.</param>
    public string? DifferenceTo(FaultRun other, int count)
    {
        for (int i = 0; i < count; i++)
        {
            string before = i < other.Count ? $"{other._asked[i].ByteCount:N0} bytes at {other._asked[i].Site}" : "nothing more";
            string now = i < Count ? $"{_asked[i].ByteCount:N0} bytes at {_asked[i].Site}" : "nothing more";
            if (i >= other.Count || i >= Count || other._asked[i].ByteCount != _asked[i].ByteCount)
            {
                return $"Allocation {i + 1:N0} asks for {now}; in the first run, for {before}.";
            }
        }

        return null;
    }

    /// <summary>The first frame outside the library, the first one whose line is known if there is one.</summary>
    private static string Walk()
    {
        string? named = null;
        foreach (StackFrame frame in new StackTrace(fNeedFileInfo: true).GetFrames())
        {
            if (DiagnosticMethodInfo.Create(frame) is not { } method || method.DeclaringAssemblyName.StartsWith(s_library.GetName().Name + ",", StringComparison.Ordinal))
            {
                continue;
            }

            if (frame.GetFileName() is { Length: > 0 } file)
            {
                return $"{Path.GetFileName(file)}:{frame.GetFileLineNumber()}";
            }

            named ??= $"{method.DeclaringTypeName}.{method.Name}";
        }

        return named ?? "(unknown)";
    }
}
