using System.Diagnostics;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>One run of a body: what it asks for, what it has not given back, and which allocation fails.</summary>
/// <param name="failing">The number of the allocation that fails, from 1; 0 if none does.</param>
/// <param name="first">The run before it in which none failed; null in that run itself.</param>
internal sealed class FaultRun(int failing, FaultRun? first)
{
    private static readonly System.Reflection.Assembly s_library = typeof(NativeAllocator).Assembly;

    private readonly UninterruptedLock _gate = new();
    private readonly Dictionary<nint, int> _live = [];
    private readonly List<(nuint ByteCount, string Site)> _asked = [];
    private bool _wasThrown;

    /// <summary>How many allocations there were.</summary>
    public int Count => _asked.Count;

    /// <summary>Whether the allocation that was to fail came.</summary>
    public bool HasFailed => failing > 0 && _asked.Count >= failing;

    /// <summary>Whether an exception was thrown because it failed.</summary>
    public bool WasThrown => Volatile.Read(ref _wasThrown);

    /// <summary>The number of the allocation that fails.</summary>
    public int Failing => failing;

    /// <summary>Where the program asked for a block.</summary>
    public string SiteOf(int number) => number > 0 && number <= _asked.Count ? _asked[number - 1].Site : string.Empty;

    /// <summary>Notes that a block is asked for; its number, or 0 if it is refused.</summary>
    public int Ask(nuint byteCount)
    {
        using (_gate.Enter())
        {
            // As long as all is as it was in the first run, the site is known. A walk takes a tenth of a millisecond.
            int index = _asked.Count;
            bool isKnown = first is not null && index < failing && index < first._asked.Count && first._asked[index].ByteCount == byteCount;
            _asked.Add((byteCount, isKnown ? first!._asked[index].Site : Walk()));
            return index + 1 == failing ? 0 : index + 1;
        }
    }

    /// <summary>Notes that a block was given out.</summary>
    public void Give(nint block, int number)
    {
        using (_gate.Enter())
        {
            _live[block] = number;
        }
    }

    /// <summary>Notes that a block has another place.</summary>
    public void Move(nint block, nint moved)
    {
        using (_gate.Enter())
        {
            if (_live.Remove(block, out int number))
            {
                _live[moved] = number;
            }
        }
    }

    /// <summary>Notes that a block was given back, or out of the library's hands.</summary>
    public void Take(nint block)
    {
        using (_gate.Enter())
        {
            _ = _live.Remove(block);
        }
    }

    /// <summary>Notes that an exception was thrown because of the failure.</summary>
    public void NoteThrown() => Volatile.Write(ref _wasThrown, HasFailed);

    /// <summary>Notes that the library has caught it on purpose, and goes another way.</summary>
    public void NoteRecovered() => Volatile.Write(ref _wasThrown, false);

    /// <summary>What was not given back: size and site of each.</summary>
    public (nuint ByteCount, string Site)[] Leaks()
    {
        using (_gate.Enter())
        {
            return [.. _live.Values.Order().Select(number => _asked[number - 1])];
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
