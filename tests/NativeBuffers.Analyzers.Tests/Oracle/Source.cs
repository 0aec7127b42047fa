namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>An expression whose value is an owner.</summary>
internal abstract class Source
{
    private Source()
    {
    }

    /// <summary>A new owner. The form chooses one of the ways to create it.</summary>
    public sealed class Create(OwnerKind kind, int form) : Source
    {
        public OwnerKind Kind { get; } = kind;

        public int Form { get; } = form;
    }

    /// <summary>The variable itself: a copy of a struct, or one more reference to an object.</summary>
    public sealed class Copy(OwnerVariable from) : Source
    {
        public OwnerVariable From { get; } = from;
    }

    public sealed class Move(OwnerVariable from) : Source
    {
        public OwnerVariable From { get; } = from;
    }

    /// <summary>The heap owner that gets the memory of a buffer or a list.</summary>
    public sealed class ToOwner(OwnerVariable from) : Source
    {
        public OwnerVariable From { get; } = from;
    }

    /// <summary>A scope of an arena, or a borrow of a heap owner.</summary>
    public sealed class Part(OwnerVariable of) : Source
    {
        public OwnerVariable Of { get; } = of;
    }

    public sealed class Empty : Source;

    /// <summary>One of two sources, by a condition that no analysis knows.</summary>
    public sealed class Either(Source first, Source second) : Source
    {
        public Source First { get; } = first;

        public Source Second { get; } = second;
    }
}

/// <summary>An expression whose value is a span or a reference.</summary>
internal abstract class ViewSource
{
    private ViewSource()
    {
    }

    /// <summary>The elements of an owner. The form chooses one of the members that give them.</summary>
    public sealed class Of(OwnerVariable owner, int form) : ViewSource
    {
        public OwnerVariable Owner { get; } = owner;

        public int Form { get; } = form;
    }

    /// <summary>The view itself, a slice of it, or the result of a method that returns a part of it.</summary>
    public sealed class From(ViewVariable view, int form) : ViewSource
    {
        /// <summary>True if the view is only copied, which is no use.</summary>
        public bool IsCopyTo(bool isReference) => View.IsReference || (Form % 3 == 0 && !isReference);

        public ViewVariable View { get; } = view;

        public int Form { get; } = form;
    }

    public sealed class Empty : ViewSource;
}
