namespace NativeBuffers;

/// <summary>What a region is to be like: see <see cref="NativeRegion"/>.</summary>
/// <example>
/// <code>
/// var options = new NativeRegionOptions { LockPages = true, WipeOnFree = true };   // for secrets
/// </code>
/// </example>
public sealed class NativeRegionOptions
{
    /// <summary>How large the pages should be. What cannot be had is replaced, and <see cref="NativeRegion.HugePagesRefusal"/> says so.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the three.</exception>
    public HugePages HugePages
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan((int)value, (int)HugePages.None, nameof(value));
            ArgumentOutOfRangeException.ThrowIfGreaterThan((int)value, (int)HugePages.Explicit, nameof(value));
            field = value;
        }
    }

    /// <summary>Whether every page that is committed is locked in memory too, so that it never reaches the swap file.</summary>
    public bool LockPages { get; init; }

    /// <summary>Whether contents are overwritten with zeros before memory is given back: by decommitting, discarding, shrinking, disposing.</summary>
    /// <remarks>What the system has already moved to the swap file is out of reach: see <see cref="LockPages"/>.</remarks>
    public bool WipeOnFree { get; init; }
}
